import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';

const server = new PyroServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 9999) });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy: server });
app.enableShutdownHooks();
await app.listen();
console.log(`ready: ${server.unwrap().uriFor('example.oven')}`);
