import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type PyroDaemon, PyroController, PyroKwargs, PyroMethod, PyroServer } from 'nestjs-pyro';
import { expose, params } from 'nestjs-pyro/core';
import * as names from './names.js';

@PyroController('lab')
class Lab {
  @PyroMethod() read(from: number, offset = 0): number {
    return from + offset;
  }
  @PyroMethod() search(text = 'everything', @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return [text, options];
  }
  @PyroMethod({ params: ['text?'] }) named(text = 'everything', @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return [text, options];
  }
  @PyroMethod() move(axis1 = 0, @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return [axis1, options];
  }
  @PyroMethod() fit(x2 = 0, @PyroKwargs() others: Record<string, unknown> = {}): unknown {
    return [x2, others];
  }
  @PyroMethod() echo(x: unknown, @PyroKwargs() kw: Record<string, unknown>): unknown {
    return [x, kw];
  }
  // the name of a global that names.ts uses
  @PyroMethod() etch(process = 'everything', @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return [process, options, names.home !== ''];
  }
  @PyroMethod({ params: ['process?'] }) heat(process = 'everything'): unknown {
    return [process, typeof globalThis.process];
  }
  @PyroMethod() hash(sha256: string, base64 = 'x', @PyroKwargs() options: Record<string, unknown> = {}): unknown {
    return [sha256, base64, options];
  }
}

class Lamp {
  find(text = 'everything'): string {
    return text;
  }
  seek(text = 'everything'): string {
    return text;
  }
}
expose(Lamp);
params(Lamp, 'seek', 'text?');

@Module({ providers: [Lab] })
class AppModule {}

const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
strategy.register(Lamp, { objectId: 'lamp' });
const app = await NestFactory.createMicroservice(AppModule, { strategy, logger: ['warn', 'error'] });
await app.listen();
console.log(`names: ${process.version} ${names.offset} ${names.text()} ${names.axis1}`);
console.log(`ready: ${String(strategy.unwrap<PyroDaemon>().uriFor('lab'))}`);
