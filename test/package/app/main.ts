// A user's Nest app. It is compiled twice, as an ES module and as CommonJS, so it has no top-level await.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroController, PyroMethod, PyroServer } from 'nestjs-pyro';

@PyroController('package.greeter')
class Greeter {
  @PyroMethod()
  greet(name: string, greeting = 'Hello'): string {
    return `${greeting}, ${name}!`;
  }
}

@Module({ providers: [Greeter] })
class AppModule {}

async function main(): Promise<void> {
  const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppModule, { strategy, logger: ['error'] });
  await app.listen();
  console.log(`ready: ${strategy.unwrap().uriFor('package.greeter')}`);
}

void main();
