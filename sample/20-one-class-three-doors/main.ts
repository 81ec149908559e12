import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { AppModule } from './app.module.js';
import { McpMessagesFilter } from './mcp-messages.filter.js';
import { mcp } from './mcp.js';

const pyro = new PyroServer({ host: '127.0.0.1', port: Number(process.env.PORT ?? 9999) });
const app = await NestFactory.create(AppModule);
app.connectMicroservice<MicroserviceOptions>({ strategy: pyro });
app
  .connectMicroservice<MicroserviceOptions>({ strategy: mcp }, { deferInitialization: true })
  .useGlobalFilters(new McpMessagesFilter());
app.enableShutdownHooks();
await app.init();
await app.startAllMicroservices();
await app.listen(Number(process.env.HTTP_PORT ?? (process.env.PORT === '0' ? 0 : 3000)), '127.0.0.1');
console.log(`ready: ${pyro.unwrap().uriFor('example.furnace')} ${await app.getUrl()}`);
