/** An application that a signal ends while a call runs: `shutdown-app.ts hybrid|standalone`. */
import 'reflect-metadata';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroController, type PyroDaemon, PyroMethod, PyroServer } from '../../../../lib/index.js';

@Injectable()
class Database implements OnModuleDestroy, OnApplicationShutdown {
  isOpen = true;
  onModuleDestroy(): void {
    this.isOpen = false;
    console.log('database: closed');
  }
  onApplicationShutdown(signal?: string): void {
    console.log(`database: ${signal}`);
  }
}

@PyroController('slow')
class Slow {
  constructor(private readonly database: Database) {}

  /** Ends some time after the signal. */
  @PyroMethod() async work(): Promise<string> {
    console.log('call: begins');
    await once(process, 'SIGTERM');
    await sleep(100);
    console.log(`call: ends, database open: ${this.database.isOpen}`);
    return 'done';
  }
  @PyroMethod() async hang(): Promise<void> {
    console.log('call: begins');
    await new Promise(() => undefined);
  }
  @PyroMethod() *items(): Generator<number> {
    for (let item = 0; ; item++) yield item;
  }
  [Symbol.dispose](): void {
    console.log(`session: disposed, database open: ${this.database.isOpen}`);
  }
}

@Module({ providers: [Database, Slow] })
class AppModule {}

const [way, drainTimeoutMs] = process.argv.slice(2);
const server = new PyroServer({ host: '127.0.0.1', port: 0, drainTimeoutMs: Number(drainTimeoutMs) });
if (way === 'hybrid') {
  const app = await NestFactory.create(AppModule, { logger: false });
  app.connectMicroservice<MicroserviceOptions>({ strategy: server });
  app.enableShutdownHooks();
  await app.init();
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
} else {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy: server, logger: false });
  app.enableShutdownHooks();
  await app.listen();
}
console.log(`ready: ${server.unwrap<PyroDaemon>().locationStr}`);
