import { type FactoryProvider, Inject, Injectable, Scope } from '@nestjs/common';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { InstanceMode } from '../../../lib/core.js';
import { PyroController, PyroMethod } from '../../../lib/index.js';
import { eventually, joinServer, type Served, serve } from './fixtures.js';

/** What was called, in order. */
let called: string[] = [];
/** Ends the hooks and disposals that wait. */
let finish: (() => void)[] = [];
let isOver = false;

function hang(name: string): Promise<void> {
  called.push(name);
  if (isOver) return Promise.resolve();
  return new Promise((resolve) => finish.push(resolve));
}

@Injectable({ scope: Scope.REQUEST })
class Dependency {
  onPyroDisconnect(): Promise<void> {
    return hang('disconnect of Dependency');
  }
  [Symbol.asyncDispose](): Promise<void> {
    return hang('disposal of Dependency');
  }
}

@PyroController({ objectId: 'session' })
class Session {
  constructor(readonly dependency: Dependency) {}
  @PyroMethod() hello(): string {
    return 'hello';
  }
  onPyroHousekeeping(): Promise<void> {
    return hang('housekeeping');
  }
  onPyroDisconnect(): Promise<void> {
    return hang('disconnect of Session');
  }
  [Symbol.asyncDispose](): Promise<void> {
    return hang('disposal of Session');
  }
}

@PyroController({ objectId: 'shared', instanceMode: 'single' })
class Shared {
  @PyroMethod() hello(): string {
    return 'hello';
  }
  onPyroDisconnect(): Promise<void> {
    return hang('disconnect of Shared');
  }
}

@PyroController({ objectId: 'call', instanceMode: 'percall' satisfies InstanceMode })
class PerCall {
  @PyroMethod() hello(): string {
    return 'hello';
  }
  @PyroMethod() *items(): Generator<number> {
    yield 1;
  }
  [Symbol.asyncDispose](): Promise<void> {
    return hang('disposal of PerCall');
  }
}

@PyroController({ objectId: 'slow' })
class SlowStart {
  @PyroMethod() hello(): string {
    return 'hello';
  }
  onPyroConnect(): Promise<void> {
    return hang('connect');
  }
  onPyroDisconnect(): void {
    called.push('disconnect');
  }
}

/** Makings that have begun. */
let makings = 0;

@PyroController({ objectId: 'opened', instanceMode: 'single' })
class Opened {
  constructor(@Inject('PORT') private readonly port: number) {}
  @PyroMethod() number(): number {
    return this.port;
  }
  [Symbol.dispose](): void {
    called.push(`disposal of ${this.port}`);
  }
}

/** The first making waits. */
const PORT: FactoryProvider = {
  provide: 'PORT',
  scope: Scope.REQUEST,
  useFactory: async () => {
    const number = ++makings;
    if (number === 1) await hang('making');
    return number;
  },
};

const errors: string[] = [];

async function start(options = {}): Promise<Served> {
  const served = await serve(
    { providers: [Session, Dependency, Shared, PerCall, SlowStart, Opened, PORT] },
    { limitLoopback: true, ...options },
  );
  served.server.on('error', ({ message }) => errors.push(message.replace(/127\.0\.0\.1:\d+/, 'ADDRESS')));
  return served;
}

/** Lets the time of the running clean-ups pass. */
const giveUp = (): unknown => vi.advanceTimersByTime(5_000);
const hung = ({ server }: Served): number =>
  server.inspect().limits.find(({ name }) => name === 'maxAbandonedConnections')!.used!;
const tooLong = (what: string): string =>
  `${what} for ADDRESS #1 takes longer than 5000 ms: end it sooner, or do its work without awaiting it`;

beforeEach(() => {
  isOver = false;
  called = [];
  finish = [];
  makings = 0;
  errors.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], shouldAdvanceTime: true });
});
afterEach(() => {
  isOver = true;
  for (const end of finish) end();
  vi.useRealTimers();
});

it('hooks and disposals of a session that hang are each told once, and do not keep the others from running', async () => {
  const served = await start({ housekeepingIntervalMs: 10 });
  const peer = await served.join('session');
  await peer.call('session', 'hello');
  await eventually(() => called.length === 1, 'the housekeeping');
  peer.destroy();
  await eventually(() => served.server.unwrap().connections.length === 0, 'the end of the connection');
  const order = [
    'housekeeping',
    'disconnect of Session',
    'disconnect of Dependency',
    'disposal of Session',
    'disposal of Dependency',
  ];
  for (const [index, name] of order.entries()) {
    await eventually(() => called[index] === name, name);
    expect(called).toHaveLength(index + 1);
    giveUp();
  }
  await eventually(() => errors.length === order.length, 'the reports');
  expect(errors).toEqual([
    tooLong('onPyroHousekeeping of Session'),
    tooLong('onPyroDisconnect of Session'),
    tooLong('onPyroDisconnect of Dependency'),
    tooLong('the disposal of Session'),
    tooLong('the disposal of Dependency'),
  ]);
  expect(hung(served)).toBe(5);
  for (const end of finish) end();
  await eventually(() => hung(served) === 0, 'the end of the clean-ups');
});

it('onPyroDisconnect of a single object that hangs is told, and the next connection is served', async () => {
  const served = await start();
  const peer = await served.join('shared');
  await peer.call('shared', 'hello');
  peer.destroy();
  await eventually(() => called.length === 1, 'the hook');
  giveUp();
  await eventually(() => hung(served) === 1, 'the report');
  expect(errors).toEqual([tooLong('onPyroDisconnect of Shared')]);
  expect(await (await served.join('shared')).call('shared', 'hello')).toBe('hello');
});

it('the disposal of a percall instance that hangs holds its reply up for 5 s at most', async () => {
  const served = await start();
  const peer = await served.join('call');
  const answer = peer.call('call', 'hello');
  await eventually(() => called.length === 1, 'the disposal');
  giveUp();
  expect(await answer).toBe('hello');
  expect(errors).toEqual([tooLong('the disposal of PerCall')]);
});

it('a session whose onPyroConnect hangs is told of, and ends when it has begun after all', async () => {
  const served = await start({ handshakeTimeoutMs: 1_000 });
  const refused = served.join('slow');
  refused.catch(() => undefined);
  await eventually(() => called.length === 1, 'the hook');
  vi.advanceTimersByTime(1_000);
  await expect(refused).rejects.toThrow('byte');
  await eventually(() => served.server.inspect().totals.connectionsRefused === 1);
  await eventually(() => {
    giveUp();
    return hung(served) === 1;
  }, 'the report');
  expect(errors).toContain(tooLong('the begin of the session of SlowStart'));
  finish[0]!();
  await eventually(() => called.length === 2 && hung(served) === 0, 'the end of the session');
  expect(called).toEqual(['connect', 'disconnect']);
});

it('an application whose clean-ups hang is closed all the same', async () => {
  const { app, join } = await start();
  const peer = await join('session');
  await peer.call('session', 'hello');
  let isClosed = false;
  void app.close().then(() => (isClosed = true));
  for (const [index, name] of ['disconnect of Session', 'disconnect of Dependency', 'disposal of Session'].entries()) {
    await eventually(() => called[index] === name, name);
    expect(isClosed).toBe(false);
    giveUp();
  }
  await eventually(() => {
    giveUp();
    return isClosed;
  }, 'the end of the application');
});

it('a single object whose making hangs is made again when the server listens again, and disposed if it is made after all', async () => {
  const { server, join } = await start({ drainTimeoutMs: 1 });
  const peer = await join('opened');
  peer.call('opened', 'number').catch(() => undefined);
  await eventually(() => called.length === 1, 'the making');
  let isClosed = false;
  void server.close().then(() => (isClosed = true));
  await eventually(() => {
    vi.advanceTimersByTime(1_000);
    return isClosed;
  }, 'the end of the server');
  expect(errors.at(-1)).toMatch(/^the making of Opened takes longer than 5000 ms/);
  await new Promise<void>((resolve, reject) => server.listen((error) => (error ? reject(error as Error) : resolve())));
  expect(await (await joinServer(server, 'opened')).call('opened', 'number')).toBe(2);
  finish[0]!();
  await eventually(() => called.length === 2, 'the disposal');
  expect(called).toEqual(['making', 'disposal of 1']);
});

it('an unread stream of a percall object whose disposal hangs is told once, by the name of the disposal', async () => {
  const served = await start({ maxStreamsPerConnection: 0 });
  const peer = await served.join('call');
  const answer = peer.fail('call', 'items');
  await eventually(() => called.length === 1, 'the disposal');
  giveUp();
  expect((await answer).args[0]).toContain('maxStreamsPerConnection');
  expect(errors).toEqual([tooLong('the disposal of PerCall')]);
});
