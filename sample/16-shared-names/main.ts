import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';
import { Machines } from './machines.service.js';

process.env.REDIS_URL ??= 'redis://127.0.0.1:6379';
const machines = await Machines.start();
const nameServer = machines.locations.map((location) => {
  const [host, port] = location.split(':');
  return { host, port: Number(port) };
});
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule.with(machines), {
  strategy: new PyroServer({ host: '127.0.0.1', port: 0, nameServer }),
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void app.close().then(() => machines.stop()));
await app.listen();
console.log(`ready: ${machines.locations.join(',')}`);
