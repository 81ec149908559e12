import 'reflect-metadata';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';

const uri = process.argv[2] ?? 'PYRO:lab.spectrometer@127.0.0.1:9998';
const recording = process.env.RECORDING ?? join(mkdtempSync(join(tmpdir(), 'recording-')), 'spectrometer.jsonl');
const server = new PyroServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 9999) });
const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule.with(uri, recording), { strategy: server });
app.enableShutdownHooks();
await app.listen();
console.log(`ready: ${server.unwrap().uriFor('example.survey')} ${recording}`);
