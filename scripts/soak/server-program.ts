/** The server of a soak run: `server-program.js core|nest`. Each line of its standard input asks for what it holds. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { behavior, expose, PyroDaemon, PyroProxy } from 'nestjs-pyro/core';
import { PyroController, PyroMethod, PyroServer } from 'nestjs-pyro';
import { answerServerProcess, footprint, Problems } from '../server-process.js';
import type { Held, Listener } from './held.js';

const HOLD_MS = 10_000;

/** An object with a session for each connection. */
class Account {
  private calls = 0;
  /** @returns the number of calls of this connection */
  next(): number {
    return ++this.calls;
  }
  /** Keeps a value for a time, as a method does that waits for a device. @returns its length */
  async hold(values: unknown[]): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
    return values.length;
  }
  *items(to: number): Generator<number> {
    for (let item = 0; item < to; item++) yield item;
  }
  /** Calls the object that the client passed. */
  async tell(listener: PyroProxy<Listener>, value: number): Promise<number> {
    await using proxy = listener;
    return await (proxy as unknown as Listener).hear(value);
  }
}
expose(Account);
behavior({ instanceMode: 'session' })(Account);

@PyroController({ objectId: 'account', instanceMode: 'session' })
class NestAccount extends Account {
  @PyroMethod() override next(): number {
    return super.next();
  }
  @PyroMethod() override hold(values: unknown[]): Promise<number> {
    return super.hold(values);
  }
  @PyroMethod() override items(to: number): Generator<number> {
    return super.items(to);
  }
  @PyroMethod() override tell(listener: PyroProxy<Listener>, value: number): Promise<number> {
    return super.tell(listener, value);
  }
}

@Module({ providers: [NestAccount] })
class SoakModule {}

const OPTIONS = { host: '127.0.0.1', maxConnections: 20_000, streamLingerMs: 1_000 };

async function start(kind: string | undefined): Promise<PyroDaemon> {
  if (kind === 'nest') {
    const strategy = new PyroServer(OPTIONS);
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(SoakModule, { strategy, logger: false });
    await app.listen();
    return strategy.unwrap();
  }
  const daemon = await PyroDaemon.listen(OPTIONS);
  daemon.register(Account, 'account');
  return daemon;
}

const daemon = await start(process.argv[2]);
const problems = new Problems();
daemon.on('error', problems.note);
answerServerProcess(daemon.locationStr, (): Held => ({
  ...footprint(),
  connections: daemon.connections.length,
  streams: daemon.streamCount,
  refusals: daemon.counters.maxInFlightValueBytes + daemon.counters.maxValueBytes,
  problems: problems.texts,
}));
