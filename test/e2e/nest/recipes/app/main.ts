import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { PyroServer } from 'nestjs-pyro';
import { CatalogueModule } from './catalogue.object.js';

const server = new PyroServer({ host: '127.0.0.1', port: 0 });
const app = await NestFactory.createMicroservice(CatalogueModule, { strategy: server, logger: ['warn', 'error'] });
app.enableShutdownHooks();
await app.listen();
console.log(`ready: ${String(server.unwrap().uriFor('catalogue'))}`);
