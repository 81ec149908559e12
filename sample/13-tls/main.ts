import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';
import { makeCertificates } from './certificates.js';

const directory = makeCertificates();
const read = (name: string): Buffer => readFileSync(join(directory, name));
const server = new PyroServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 9999),
  tls: { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem'), requestClientCert: true },
});
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy: server });
app.enableShutdownHooks();
await app.listen();
console.log(`ready: ${server.unwrap().uriFor('example.laser')} ${directory}`);
