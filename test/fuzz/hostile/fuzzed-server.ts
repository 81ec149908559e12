import 'reflect-metadata';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { behavior, expose, oneway, PyroDaemon, type SerializedBlob } from '../../../lib/core.js';
import { PyroController, PyroMethod, PyroProperty, PyroServer } from '../../../lib/index.js';
import { type Footprint, footprint, Problems } from '../../../scripts/server-process.js';

/** Largest message of a fuzzed server. */
export const MAX_BYTES = 1_000_000;
export const OBJECT = 'thing';

/** Each connection has its own Thing. */
class Thing {
  private kept: unknown = 1;
  private calls = 0;
  /** @returns the number of its calls in this session, which shows whether each message was carried out once */
  next(): number {
    return ++this.calls;
  }
  /** @returns the info of the blob, and its arguments */
  blob(blob: SerializedBlob): unknown {
    return [blob.info, blob.deserialized()];
  }
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
behavior({ instanceMode: 'session' })(Thing);

@PyroController({ objectId: OBJECT, instanceMode: 'session' })
class NestThing extends Thing {
  @PyroProperty() override get value(): unknown {
    return super.value;
  }
  override set value(value: unknown) {
    super.value = value;
  }
  @PyroMethod() override next(): number {
    return super.next();
  }
  @PyroMethod() override blob(blob: SerializedBlob): unknown {
    return super.blob(blob);
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

/** The resources that a server holds, and its unexpected errors. */
export interface ServerState extends Footprint {
  connections: number;
  streams: number;
  /** The longest time since the last look in which the event loop was blocked. */
  blockedMs: number;
  /** Uncaught exceptions, unhandled rejections and errors of the daemon. */
  problems: string[];
}

export interface FuzzedServer {
  readonly location: string;
  state(): ServerState | Promise<ServerState>;
  close(): Promise<void>;
}

export type ServerKind = 'core' | 'nest';

/** Streams linger shortly, so that a round ends soon. Handshakes and messages have much time: a busy machine must not cut a client. */
const OPTIONS = {
  host: '127.0.0.1',
  maxMessageBytes: MAX_BYTES,
  frameTimeoutMs: 30_000,
  handshakeTimeoutMs: 30_000,
  streamLingerMs: 200,
  housekeepingIntervalMs: 100,
};

/** Starts a daemon, or a Nest application, in this process. */
export async function startFuzzed(kind: ServerKind): Promise<FuzzedServer> {
  const problems = new Problems();
  const [daemon, close] = await (kind === 'nest' ? startNest() : startCore());
  daemon.on('error', problems.note);
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  return {
    location: daemon.locationStr,
    state: () => {
      const blockedMs = delay.max / 1e6;
      const state: ServerState = {
        ...footprint(),
        connections: daemon.connections.length,
        streams: daemon.streamCount,
        blockedMs,
        problems: [...problems.texts],
      };
      delay.reset();
      return state;
    },
    close: async () => {
      delay.disable();
      await close();
      problems[Symbol.dispose]();
    },
  };
}

type Started = [daemon: PyroDaemon, close: () => Promise<void>];

async function startCore(): Promise<Started> {
  const daemon = await PyroDaemon.listen({ ...OPTIONS, logger: false });
  daemon.register(Thing, OBJECT);
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
