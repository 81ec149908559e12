import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';
import { Frames } from './frames.object.js';

const { PORT } = process.env;
const cameraUri = process.argv[2] ?? 'PYRO:example.camera@127.0.0.1:9998';
const server = new PyroServer({ host: '127.0.0.1', port: Number(PORT ?? 9999) });
const app = await NestFactory.create(AppModule.with(cameraUri), { logger: ['warn', 'error'] });
app.connectMicroservice<MicroserviceOptions>({ strategy: server });
app.enableShutdownHooks();
await app.init();
await app.startAllMicroservices();
// with PORT=0 the page has any free port, too
await app.listen(PORT === undefined ? 8080 : 0, '127.0.0.1');
app.get(Frames).page = await app.getUrl();
console.log(`page: ${app.get(Frames).page}`);
console.log(`ready: ${server.unwrap().uriFor('example.frames')}`);
