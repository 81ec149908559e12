import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { PyroServer } from 'nestjs-pyro';
import { NotEverythingExposed, ServerTestObject } from './server-test-object.js';

@Module({ providers: [ServerTestObject, NotEverythingExposed] })
class UpstreamTestModule {}

/** Control server of remote_daemon.py: a new Nest app for each daemon that a test asks for. */
export class NestControl implements AsyncDisposable {
  private readonly apps = new Map<string, INestMicroservice>();
  private readonly server = createServer((request, response) => {
    const work = request.method === 'POST' ? this.start() : this.stop(request.url!.slice(1));
    work.then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });

  static async listen(): Promise<NestControl> {
    const control = new NestControl();
    control.server.listen(0, '127.0.0.1');
    await once(control.server, 'listening');
    return control;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await Promise.all([...this.apps.keys()].map((location) => this.stop(location)));
  }

  private async start(): Promise<string> {
    const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(UpstreamTestModule, { strategy, logger: false });
    await app.listen();
    const location = strategy.unwrap().locationStr;
    this.apps.set(location, app);
    return location;
  }

  private async stop(location: string): Promise<string> {
    const app = this.apps.get(location);
    this.apps.delete(location);
    await app?.close();
    return '';
  }
}
