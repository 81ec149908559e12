import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';

const server = new PyroServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 9999) });
const app = await NestFactory.create(AppModule);
app.connectMicroservice<MicroserviceOptions>({ strategy: server });
app.enableShutdownHooks();
await app.init();
await app.startAllMicroservices();
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(`ready: ${server.unwrap().uriFor('example.thermostat')} ${await app.getUrl()}`);
