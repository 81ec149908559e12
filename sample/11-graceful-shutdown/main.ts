import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';

const server = new PyroServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 9999), drainTimeoutMs: 20_000 });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy: server });
// SIGTERM and SIGINT close the app: no more calls, the running ones end, then Nest destroys the providers
app.enableShutdownHooks();
await app.listen();
console.log(`ready: ${server.unwrap().uriFor('example.furnace')}`);
