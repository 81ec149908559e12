import 'reflect-metadata';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { expose, oneway, PyroDaemon } from '../../../lib/core.js';
import { PyroController, PyroMethod, PyroProperty, PyroServer } from '../../../lib/index.js';

/** Largest message of a fuzzed server. */
export const MAX_BYTES = 1_000_000;
export const OBJECT = 'thing';

class Thing {
  private kept: unknown = 1;
  get value(): unknown {
    return this.kept;
  }
  set value(value: unknown) {
    this.kept = value;
  }
  echo(value: unknown): unknown {
    return value;
  }
  async later(value: unknown): Promise<unknown> {
    await new Promise((resolve) => setImmediate(resolve));
    return value;
  }
  *count(to: number): Generator<number> {
    for (let i = 0; i < to; i++) yield i;
  }
  fail(text: string): never {
    throw new RangeError(text);
  }
  note(_value: unknown): void {
    // a oneway call: nobody sees what it does
  }
}
expose(Thing);
oneway(Thing, 'note');

@PyroController({ objectId: OBJECT, instanceMode: 'session' })
class NestThing extends Thing {
  @PyroProperty() override get value(): unknown {
    return super.value;
  }
  override set value(value: unknown) {
    super.value = value;
  }
  @PyroMethod() override echo(value: unknown): unknown {
    return super.echo(value);
  }
  @PyroMethod() override later(value: unknown): Promise<unknown> {
    return super.later(value);
  }
  @PyroMethod() override count(to: number): Generator<number> {
    return super.count(to);
  }
  @PyroMethod() override fail(text: string): never {
    return super.fail(text);
  }
  @PyroMethod({ oneway: true }) override note(value: unknown): void {
    super.note(value);
  }
}

/** What a server holds, and what went wrong in it. */
export interface ServerState {
  connections: number;
  streams: number;
  /** Sockets, timers and other things that keep the process alive. */
  handles: number;
  heapBytes: number;
  /** The longest time since the last look in which the event loop was blocked. */
  blockedMs: number;
  /** Uncaught exceptions, unhandled rejections and errors of the daemon. */
  problems: string[];
}

export interface FuzzedServer {
  readonly location: string;
  state(): Promise<ServerState>;
  close(): Promise<void>;
}

export type ServerKind = 'core' | 'nest';

/** Short times, so that connections that send half a message do not last. */
const OPTIONS = {
  host: '127.0.0.1',
  maxMessageBytes: MAX_BYTES,
  frameTimeoutMs: 500,
  handshakeTimeoutMs: 500,
  streamLingerMs: 200,
  housekeepingIntervalMs: 100,
};

/** Starts a daemon, or a Nest application, in this process. */
export async function startFuzzed(kind: ServerKind): Promise<FuzzedServer> {
  const problems: string[] = [];
  const note = (error: unknown): void =>
    void problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  const [daemon, close] = await (kind === 'nest' ? startNest() : startCore());
  daemon.on('error', note);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const state = (): ServerState => {
    const blockedMs = delay.max / 1e6;
    collectGarbage();
    collectGarbage();
    delay.reset();
    return {
      connections: daemon.connections.length,
      streams: daemon.streamCount,
      handles: process.getActiveResourcesInfo().filter((name) => name !== 'Immediate' && name !== 'Timeout').length,
      heapBytes: process.memoryUsage().heapUsed,
      blockedMs,
      problems: [...problems],
    };
  };
  return {
    location: daemon.locationStr,
    state: () => Promise.resolve(state()),
    close: async () => {
      delay.disable();
      await close();
      process.off('uncaughtException', note);
      process.off('unhandledRejection', note);
    },
  };
}

type Started = [daemon: PyroDaemon, close: () => Promise<void>];

async function startCore(): Promise<Started> {
  const daemon = await PyroDaemon.listen(OPTIONS);
  daemon.register(new Thing(), OBJECT);
  return [daemon, () => daemon.close()];
}

@Module({ providers: [NestThing] })
class FuzzedModule {}

async function startNest(): Promise<Started> {
  const strategy = new PyroServer(OPTIONS);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(FuzzedModule, { strategy, logger: false });
  await app.listen();
  return [strategy.unwrap<PyroDaemon>(), () => app.close()];
}
