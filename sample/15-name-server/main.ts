import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroNameServerHost, PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';
import { nameServer } from './name-server-address.js';

const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, {
  strategy: new PyroServer({ host: '127.0.0.1', port: 0, nameServer }),
});
app.enableShutdownHooks();
await app.listen();
console.log(`ready: ${app.get(PyroNameServerHost).server.uri}`);
