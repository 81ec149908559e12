import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CallHandler, type ExecutionContext, type NestInterceptor, UseInterceptors } from '@nestjs/common';
import { Ctx } from '@nestjs/microservices';
import { defer, first, from, lastValueFrom, merge, type Observable, of, raceWith, takeUntil } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { FLAGS } from '../../../lib/core.js';
import { PyroContext, PyroController, PyroMethod } from '../../../lib/index.js';
import { type ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { eventually, openStream, readStream, type Served, serve } from './fixtures.js';

let log: string[] = [];
let release!: () => void;
let held: Promise<void>;
let begin!: (error?: Error) => void;
/** Settles when a method begins: the interceptors give the method up then. */
let begun: Promise<string>;

beforeEach(() => {
  log = [];
  held = new Promise((resolve) => (release = resolve));
  begun = new Promise((resolve, reject) => (begin = (error) => (error ? reject(error) : resolve('given up'))));
});

class Racing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(raceWith(from(begun)));
  }
}
class Awaiting implements NestInterceptor {
  async intercept(_context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    return of(await Promise.race([lastValueFrom(next.handle()), begun]));
  }
}
class Passing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}
class Early implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return merge(of('early'), next.handle()).pipe(takeUntil(defer(() => begun)));
  }
}

class Cached implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return merge(next.handle(), of('cached')).pipe(first());
  }
}

/** Answers from a cache, and refreshes the cache after the answer. */
class Refreshing implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    next.handle().subscribe({ next: (value) => log.push(`refreshed: ${value}`), error: (error) => log.push(String(error)) });
    return of('cached');
  }
}

class Work {
  private isOpen = true;

  private async run(): Promise<string> {
    log.push('begun');
    begin();
    await held;
    log.push(this.isOpen ? 'ended' : 'ended on a disposed instance');
    return 'result';
  }
  @PyroMethod() @UseInterceptors(Racing) raced(): Promise<string> {
    return this.run();
  }
  @PyroMethod() @UseInterceptors(Awaiting, Passing) awaited(): Promise<string> {
    return this.run();
  }
  @PyroMethod() @UseInterceptors(Awaiting) failed(): Promise<string> {
    begin(new Error('given up'));
    return this.run();
  }
  @PyroMethod({ oneway: true }) @UseInterceptors(Racing) told(): Promise<string> {
    return this.run();
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Early) streamed(): Promise<string> {
    return this.run();
  }
  @PyroMethod() @UseInterceptors(Racing) async opened(): Promise<AsyncIterableIterator<number>> {
    await this.run();
    const closed = async (): Promise<IteratorResult<number>> => {
      await Promise.resolve();
      log.push(this.isOpen ? 'closed' : 'closed on a disposed instance');
      return { done: true, value: undefined };
    };
    const source = { next: closed, return: closed, [Symbol.asyncIterator]: () => source };
    return source;
  }
  @PyroMethod() @UseInterceptors(Cached) async short(ticks: number): Promise<string> {
    for (let tick = 0; tick < ticks; tick++) await Promise.resolve();
    return 'result';
  }
  @PyroMethod() @UseInterceptors(Racing) async broken(): Promise<string> {
    await this.run();
    throw new RangeError('a bug');
  }
  @PyroMethod() @UseInterceptors(Racing) async ending(@Ctx() { signal }: PyroContext): Promise<never> {
    begin();
    await once(signal, 'abort');
    log.push(`ended: ${(signal.reason as Error).message}`);
    throw signal.reason;
  }
  @PyroMethod({ stream: true }) @UseInterceptors(Early) async streaming(@Ctx() context: PyroContext): Promise<never> {
    return this.ending(context);
  }
  @PyroMethod() @UseInterceptors(Racing) async sleeping(@Ctx() { signal }: PyroContext): Promise<void> {
    begin();
    await sleep(3_600_000, undefined, { signal }).finally(() => log.push('woken'));
  }
  @PyroMethod() @UseInterceptors(Refreshing) async refreshed(@Ctx() { signal }: PyroContext): Promise<string> {
    await held;
    signal.throwIfAborted();
    return 'fresh';
  }
  @PyroMethod() isAborted(@Ctx() { signal }: PyroContext): boolean {
    return signal.aborted;
  }
  @PyroMethod() two(): number {
    return 2;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    this.isOpen = false;
    log.push('disposed');
  }
}
@PyroController({ objectId: 'call', instanceMode: 'percall' })
class PerCall extends Work {}
@PyroController({ objectId: 'session', instanceMode: 'session' })
class PerSession extends Work {}
const providers = [PerCall, PerSession];

/** The failures that no client is told of. */
function errorsOf({ server }: Served): unknown[] {
  const told: unknown[] = [];
  server.on('callError', (error, { objectId, method }) => void told.push([String(error), objectId, method]));
  return told;
}

const used = ({ server }: Served, limit: string): number => server.inspect().limits.find(({ name }) => name === limit)!.used!;

describe('a method that an interceptor has given up while it runs', () => {
  it.each(['raced', 'awaited'])(
    'a percall instance is disposed after the method, and the reply waits for neither: %s',
    async (method) => {
      const { join } = await serve({ providers });
      const peer = await join('call');
      expect(await peer.call('call', method)).toBe('given up');
      expect(log).toEqual(['begun']);
      release();
      await eventually(() => log.includes('disposed'), 'the disposal');
      expect(log).toEqual(['begun', 'ended', 'disposed']);
    },
  );

  it('a percall instance is disposed, however soon its method ends after the answer', async () => {
    const { join } = await serve({ providers });
    const peer = await join('call');
    for (let ticks = 1; ticks <= 20; ticks++) expect(await peer.call('call', 'short', ticks)).toBe('cached');
    await eventually(() => log.length === 20, 'the disposals');
    expect(log).toEqual(Array(20).fill('disposed'));
  });

  it('a percall instance is disposed after the method when the interceptor fails', async () => {
    const { join } = await serve({ providers });
    const peer = await join('call');
    await expect(peer.call('call', 'failed')).rejects.toThrow('given up');
    expect(log).toEqual(['begun']);
    release();
    await eventually(() => log.includes('disposed'), 'the disposal');
    expect(log).toEqual(['begun', 'ended', 'disposed']);
  });

  it('a percall instance of a oneway call is disposed after the method', async () => {
    const served = await serve({ providers });
    const peer = await served.join('call');
    peer.invoke('call', 'told');
    await eventually(() => used(served, 'maxLateCalls') === 1, 'the late call');
    expect(log).toEqual(['begun']);
    release();
    await eventually(() => log.includes('disposed'), 'the disposal');
    expect(log).toEqual(['begun', 'ended', 'disposed']);
  });

  it('each percall instance of a batch is disposed after its method', async () => {
    const served = await serve({ providers });
    const peer = await served.join('call');
    const entries = ['raced', 'raced', 'two'].map((method) => [method, [], {}]);
    peer.invoke('call', '<batch>', entries, {}, { flags: FLAGS.batch });
    expect(valueOf(await peer.next())).toEqual(['given up', 'given up', 2]);
    expect(log.filter((line) => line !== 'disposed')).toEqual(['begun', 'begun']);
    expect(used(served, 'maxLateCalls')).toBe(2);
    release();
    await eventually(() => log.filter((line) => line === 'disposed').length === 3, 'the disposals');
    expect(log.filter((line) => line === 'ended')).toHaveLength(2);
    await eventually(() => used(served, 'maxLateCalls') === 0, 'the end of the calls');
  });

  it('a percall instance is disposed after the method and the end of its stream', async () => {
    const { join } = await serve({ providers });
    const peer = await join('call');
    const id = await openStream(peer, 'call', 'streamed');
    expect(await readStream(peer, id)).toEqual(['early']);
    expect(log).toEqual(['begun']);
    release();
    await eventually(() => log.includes('disposed'), 'the disposal');
    expect(log).toEqual(['begun', 'ended', 'disposed']);
  });

  it('a percall instance is disposed after the close of a stream that nobody reads', async () => {
    const { join } = await serve({ providers });
    const peer = await join('call');
    expect(await peer.call('call', 'opened')).toBe('given up');
    release();
    await eventually(() => log.includes('disposed'), 'the disposal');
    expect(log).toEqual(['begun', 'ended', 'closed', 'disposed']);
  });

  const replied = async (peer: ScriptedPeer, method: string): Promise<void> => {
    peer.invoke('session', method);
    await peer.next();
  };
  const streamed = async (peer: ScriptedPeer, method: string): Promise<void> => {
    expect(await readStream(peer, await openStream(peer, 'session', method))).toEqual(['early']);
  };

  it.each([
    ['raced', replied],
    ['failed', replied],
    ['streamed', streamed],
  ])('a session ends after the method: %s', async (method, call) => {
    const served = await serve({ providers });
    const peer = await served.join('session');
    await call(peer, method);
    await eventually(() => log.includes('begun'), 'the method');
    expect(await peer.call('session', 'two')).toBe(2);
    peer.destroy();
    await eventually(() => used(served, 'maxAbandonedConnections') === 1 || log.includes('disposed'), 'the disconnect');
    expect(log).toEqual(['begun']);
    release();
    await eventually(() => log.includes('disposed'), 'the disposal');
    expect(log).toEqual(['begun', 'ended', 'disposed']);
    await eventually(() => used(served, 'maxAbandonedConnections') === 0, 'the end of the session');
  });

  it('a session whose client leaves in the middle of a stream ends after the method', async () => {
    const served = await serve({ providers }, { streamLingerMs: 0 });
    const peer = await served.join('session');
    await openStream(peer, 'session', 'streamed');
    await eventually(() => log.includes('begun'), 'the method');
    peer.destroy();
    await eventually(() => served.server.inspect().connections.length === 0, 'the disconnect');
    // turns of the loop in which the session would be disposed
    const other = await served.join('call');
    for (let call = 0; call < 20; call++) await other.call('Pyro.Daemon', 'ping');
    expect(log).toEqual(['begun']);
    release();
    await eventually(() => log.includes('disposed'), 'the disposal');
    expect(log).toEqual(['begun', 'ended', 'disposed']);
  });

  it('a method that an interceptor has given up is waited for at the close of the application', async () => {
    const { app, join } = await serve({ providers });
    const peer = await join('session');
    expect(await peer.call('session', 'raced')).toBe('given up');
    const closed = app.close().then(() => log.push('closed'));
    release();
    await closed;
    expect(log).toEqual(['begun', 'ended', 'disposed', 'closed']);
  });

  it.each(['ending', 'sleeping'])(
    'the signal of a method that an interceptor has given up aborts, and the error of the abort is not told: %s',
    async (method) => {
      const served = await serve({ providers }, { maxLateCalls: 1 });
      const told = errorsOf(served);
      const peer = await served.join('session');
      for (let call = 1; call <= 5; call++) {
        expect(await peer.call('session', method)).toBe('given up');
        await eventually(() => log.length === call, 'the end of the method');
      }
      expect(log).toEqual(Array(5).fill(method === 'ending' ? 'ended: an interceptor has given the method up' : 'woken'));
      await eventually(() => used(served, 'maxLateCalls') === 0, 'the end of the calls');
      expect(told).toEqual([]);
    },
  );

  it('the signal of a method that an interceptor has given up aborts at once when its stream ends in order', async () => {
    const served = await serve({ providers });
    const told = errorsOf(served);
    const peer = await served.join('session');
    expect(await readStream(peer, await openStream(peer, 'session', 'streaming'))).toEqual(['early']);
    // turns of the loop; a stream whose method goes on is forgotten after 5 s
    for (let call = 0; call < 20; call++) await peer.call('session', 'two');
    expect(log).toEqual(['ended: an interceptor has given the method up']);
    expect([used(served, 'maxStreams'), used(served, 'maxLateCalls')]).toEqual([0, 0]);
    expect(told).toEqual([]);
  });

  it('the signal of a method that an interceptor still waits for after its answer does not abort', async () => {
    const { join } = await serve({ providers });
    const peer = await join('session');
    expect(await peer.call('session', 'refreshed')).toBe('cached');
    expect(await peer.call('session', 'two')).toBe(2);
    release();
    await eventually(() => log.length > 0, 'the result');
    expect(log).toEqual(['refreshed: fresh']);
  });

  it('the signal of a batch aborts after its last entry', async () => {
    const { join } = await serve({ providers });
    const peer = await join('session');
    const entries = ['ending', 'isAborted', 'two'].map((method) => [method, [], {}]);
    peer.invoke('session', '<batch>', entries, {}, { flags: FLAGS.batch });
    expect(valueOf(await peer.next())).toEqual(['given up', false, 2]);
    await eventually(() => log.length > 0, 'the end of the method');
    expect(log).toEqual(['ended: an interceptor has given the method up']);
  });

  it('a bug in a method that an interceptor has given up is told, although nobody waits for its result', async () => {
    const served = await serve({ providers });
    const told = errorsOf(served);
    const peer = await served.join('session');
    expect(await peer.call('session', 'broken')).toBe('given up');
    release();
    await eventually(() => told.length > 0, 'the error');
    expect(told).toEqual([['RangeError: a bug', 'session', 'broken']]);
  });

  it('a batch ends over maxLateCalls', async () => {
    const served = await serve({ providers }, { maxLateCalls: 2 });
    const peer = await served.join('call');
    peer.invoke(
      'call',
      '<batch>',
      Array.from({ length: 9 }, () => ['raced', [], {}]),
      {},
      { flags: FLAGS.batch },
    );
    const results = valueOf(await peer.next()) as unknown[];
    expect(results.slice(0, -1)).toEqual(Array(3).fill('given up'));
    expect(JSON.stringify(results.at(-1))).toContain('this entry did not run');
    await peer.untilClosed();
    release();
    await eventually(() => log.filter((line) => line === 'disposed').length === 3, 'the disposals');
    expect(log.filter((line) => line === 'begun')).toHaveLength(3);
  });

  it('a method that an interceptor has given up counts under maxLateCalls: over it the connection is closed after the reply', async () => {
    const served = await serve({ providers }, { maxLateCalls: 1 });
    const errors: string[] = [];
    served.server.on('disconnect', (_connection, error) => errors.push(String(error)));
    const peer = await served.join('call');
    expect(await peer.call('call', 'raced')).toBe('given up');
    expect(await peer.call('call', 'two')).toBe(2);
    expect(await peer.call('call', 'raced')).toBe('given up');
    await peer.untilClosed();
    release();
    await eventually(() => errors.length > 0, 'the end of the session');
    expect(errors[0]).toMatch(/calls over callTimeoutMs, or given up by an interceptor, that still run: 2 \(maxLateCalls is 1\)/);
  });
});
