/** A server that hostile peers attack: `hostile-app.ts core|nest`. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { expose, PyroDaemon } from '../../../../lib/core.js';
import { PyroController, PyroMethod, PyroServer } from '../../../../lib/index.js';

class Report {
  constructor(readonly text: string) {}
}

@PyroController('echo', { instanceMode: 'single' })
class Echo {
  @PyroMethod() kind(value: unknown): string {
    return Object.prototype.toString.call(value);
  }
  @PyroMethod() same(value: unknown): unknown {
    return value;
  }
  @PyroMethod() report(characters: number): Report {
    return new Report(Buffer.alloc(characters, 'x').toString('latin1'));
  }
  @PyroMethod() async hang(_value: unknown): Promise<void> {
    await new Promise(() => undefined);
  }
}

@Module({ providers: [Echo] })
class AppModule {}

let location: string;
if (process.argv[2] === 'core') {
  expose(Echo);
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1' });
  daemon.register(new Echo(), 'echo');
  location = daemon.locationStr;
} else {
  const server = new PyroServer({ host: '127.0.0.1', port: 0 });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy: server, logger: false });
  await app.listen();
  location = server.unwrap<PyroDaemon>().locationStr;
}
console.log(`ready: ${location}`);
