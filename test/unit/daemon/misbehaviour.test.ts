import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  behavior,
  type CallContext,
  type CallObserver,
  currentContext,
  expose,
  type PyroConnection,
  PyroDaemon,
  PyroProxy,
} from '../../../lib/core.js';
import { eventually, join, open, sleep, startDaemon } from './fixtures.js';
import { FAILING } from '../../failing-callbacks.js';

/** A mistake in the code that owns a daemon must neither end the process nor leak connections and objects. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
afterEach(() => {
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  vi.restoreAllMocks();
});

describe('hooks that fail', () => {
  it('rejections of async hooks are reported as errors', async () => {
    const daemon = await startDaemon({
      housekeepingIntervalMs: 5,
      housekeeping: async () => {
        throw new Error('house');
      },
      clientDisconnect: async () => {
        throw new Error('disconnect');
      },
    });
    const errors: string[] = [];
    daemon.on('error', (error) => errors.push(error.message));
    const peer = await join(daemon);
    peer.destroy();
    await eventually(() => errors.includes('house') && errors.includes('disconnect'));
    expect(unhandled).toEqual([]);
  });

  it('listeners that fail, sync or async, are reported, and so are listeners of error', async () => {
    const daemon = await startDaemon();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const errors: string[] = [];
    const failLater = (async () => {
      throw new Error('later');
    }) as () => never;
    daemon.on('connection', failLater);
    daemon.once('disconnect', () => {
      throw new Error('at once');
    });
    daemon.on('error', ({ message }) => errors.push(message));
    (await join(daemon)).destroy();
    await eventually(() => errors.length === 2);
    expect(errors.toSorted()).toEqual(['at once', 'later']);
    daemon.on('error', failLater);
    daemon.on('error', () => {
      throw new Error('of a listener of error');
    });
    await join(daemon);
    await eventually(() => warned.mock.calls.length >= 2);
    expect(warned.mock.calls.map(([warning]) => (warning as Error).message)).toEqual(
      expect.arrayContaining(['later', 'of a listener of error']),
    );
    expect(unhandled).toEqual([]);
  });

  it.each(FAILING)(
    'listeners of listening and close that fail %s are reported, and keep the event from no other listener',
    async (_, failing) => {
      const errors: string[] = [];
      const told: string[] = [];
      const daemon = new PyroDaemon({ host: '127.0.0.1' });
      daemon.on('error', ({ message }) => errors.push(message));
      daemon.once('listening', failing('listening')).once('listening', () => told.push('listening'));
      daemon.once('close', failing('close')).once('close', () => told.push('close'));
      await daemon.start();
      expect(daemon.isListening).toBe(true);
      await daemon.close();
      await eventually(() => errors.length === 2);
      expect(errors).toEqual(['listening', 'close']);
      expect(told).toEqual(['listening', 'close']);
      expect(unhandled).toEqual([]);
    },
  );

  it('observers of calls that are async functions and fail are reported as errors, and harm no call', async () => {
    const daemon = await startDaemon();
    const errors: string[] = [];
    daemon.on('error', ({ message }) => errors.push(message));
    const failing = (text: string) =>
      (async () => {
        throw new Error(text);
      }) as unknown as () => never;
    daemon.observe({ callStarted: failing('started') });
    daemon.observe({
      callStarted: (() =>
        Promise.resolve({ failed: () => undefined, ended: () => undefined })) as unknown as CallObserver['callStarted'],
    });
    daemon.observe({
      callStarted: () => ({ failed: failing('failed'), ended: failing('ended'), streamOpened: failing('streamOpened') }),
    });
    class Lamp {
      switch(on: boolean): boolean {
        return on;
      }
      fail(): never {
        throw new RangeError('no power');
      }
      *steps(): Generator<number> {
        yield 1;
      }
    }
    expose(Lamp, 'switch', 'fail', 'steps');
    await using lamp = PyroProxy.to<Lamp>(daemon.register(new Lamp(), 'lamp'));
    expect(await lamp.switch(true)).toBe(true);
    await expect(lamp.fail()).rejects.toThrow('no power');
    for await (const step of await lamp.steps()) expect(step).toBe(1);
    const late = 'callStarted gave a promise of a follower; it must return the follower at once';
    await eventually(() => errors.filter((text) => text === 'ended').length === 3 && errors.includes('streamOpened'));
    expect(new Set(errors)).toEqual(new Set(['started', late, 'failed', 'ended', 'streamOpened']));
    expect(unhandled).toEqual([]);
  });

  it('a ping is answered even when the annotations hook throws', async () => {
    const daemon = await startDaemon({
      annotations: () => {
        throw new Error('no annotations');
      },
    });
    const errors: string[] = [];
    daemon.on('error', (error) => errors.push(error.message));
    const peer = await join(daemon);
    peer.send({ type: 6, data: Buffer.from('ping') });
    expect((await peer.next()).data.toString()).toBe('pong');
    expect(errors).toContain('no annotations');
  });

  it('a connection is closed and an error is reported when the reply to a timeout cannot be sent', async () => {
    let bad = false;
    const daemon = await startDaemon({
      callTimeoutMs: 20,
      maxMessageBytes: 1_000,
      // the annotations alone can be sent, and no error beside them
      annotations: () => new Map(bad ? [['LONG', Buffer.alloc(980)]] : []),
    });
    const errors: string[] = [];
    daemon.on('error', (error) => errors.push(error.message));
    daemon.register(
      new (expose(
        class {
          hang(): Promise<void> {
            return new Promise(() => undefined);
          }
        },
      ))(),
      'hanging',
    );
    const peer = await join(daemon);
    bad = true;
    peer.invoke('hanging', 'hang');
    await peer.untilClosed();
    expect(errors.join()).toContain('maxMessageBytes is 1000');
    expect(unhandled).toEqual([]);
  });

  it('requestLoop() rejects when its condition throws', async () => {
    const daemon = await startDaemon({ housekeepingIntervalMs: 5 });
    let asked = 0;
    const loop = daemon.requestLoop(() => {
      if (asked++ > 0) throw new Error('no answer');
      return true;
    });
    await expect(loop).rejects.toThrow('no answer');
  });
});

describe('closing at an unexpected moment', () => {
  it('the next start says what to do with the unix socket of a killed process', async () => {
    const path = `${await mkdtemp(`${tmpdir()}/pyro-`)}/d.sock`;
    const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await new Promise((resolve) => execFile(process.execPath, ['-e', code], resolve));
    await expect(PyroDaemon.listen({ unixSocket: path })).rejects.toThrow(/remove the file/);
    await rm(dirname(path), { recursive: true });
  });

  it('a daemon that was closed during its start does not listen', async () => {
    const daemon = new PyroDaemon();
    const starting = daemon.start();
    await daemon.close();
    await expect(starting).rejects.toThrow(/closed/);
    expect(daemon.isListening).toBe(false);
  });

  it('the iterator of a call that ends after its daemon is closed', async () => {
    const daemon = await startDaemon();
    const seen: string[] = [];
    class Late {
      async items(): Promise<AsyncGenerator<number>> {
        seen.push('called');
        await sleep(30);
        return {
          next: async () => ({ done: false, value: 1 }),
          return: async () => {
            seen.push('closed');
            return { done: true, value: undefined };
          },
          [Symbol.asyncIterator]() {
            return this;
          },
        } as unknown as AsyncGenerator<number>;
      }
    }
    daemon.register(new (expose(Late))(), 'late');
    const peer = await join(daemon, 'late');
    peer.invoke('late', 'items');
    await eventually(() => seen.includes('called'));
    await daemon.close();
    await eventually(() => seen.includes('closed'));
    expect(daemon.streamCount).toBe(0);
  });

  it('an instance is disposed exactly once when the daemon closes while it is being made', async () => {
    const daemon = await startDaemon();
    let disposed = 0;
    let making = false;
    class Session {
      hello(): string {
        return 'hello';
      }
      [Symbol.dispose](): void {
        disposed++;
      }
    }
    behavior({
      instanceCreator: async () => {
        making = true;
        await sleep(30);
        return new Session();
      },
    })(expose(Session));
    daemon.register(Session, 'session');
    const peer = await join(daemon, 'session');
    const call = peer.call('session', 'hello');
    await eventually(() => making);
    daemon.unregister('session');
    await call;
    peer.end();
    await eventually(() => daemon.connections.length === 0);
    await daemon.close();
    expect(disposed).toBe(1);
  });

  it('every instance is disposed, even when one disposal fails', async () => {
    const daemon = await startDaemon();
    const errors: string[] = [];
    daemon.on('error', (error) => errors.push(error.message));
    let disposed = 0;
    class Session {
      hello(): string {
        return 'hello';
      }
      [Symbol.dispose](): void {
        disposed++;
        throw new Error(`dispose ${disposed}`);
      }
    }
    daemon.register(expose(Session), 'session');
    const peers = [await join(daemon, 'session'), await join(daemon, 'session')];
    for (const peer of peers) await peer.call('session', 'hello');
    daemon.unregister('session');
    await eventually(() => disposed === 2);
    await eventually(() => errors.length > 0);
    expect(errors).toEqual(['dispose 1']);
  });
});

describe('a connection that ends too early', () => {
  it('a connection that was closed before its handshake finished is not announced', async () => {
    const seen: string[] = [];
    const daemon = await startDaemon({
      handshakeTimeoutMs: 300,
      validateHandshake: async () => {
        await eventually(() => seen.includes('handshakeFailed'));
        seen.push('validated');
      },
    });
    daemon.on('connection', () => seen.push('connection'));
    daemon.on('disconnect', () => seen.push('disconnect'));
    daemon.on('handshakeFailed', () => seen.push('handshakeFailed'));
    const peer = await open(daemon);
    peer.connect();
    expect((await peer.next()).data.toString()).toContain('handshakeTimeoutMs');
    await eventually(() => seen.includes('validated'));
    await sleep(20);
    expect(seen).toEqual(['handshakeFailed', 'validated']);
    expect(daemon.connections).toEqual([]);
  });

  it('a handshake that is refused after the connection closed is reported as one failure', async () => {
    const failures: string[] = [];
    let validated = false;
    const daemon = await startDaemon({
      handshakeTimeoutMs: 100,
      validateHandshake: async () => {
        await eventually(() => failures.length > 0);
        validated = true;
        throw new Error('too late');
      },
    });
    daemon.on('handshakeFailed', ({ message }) => failures.push(message));
    const peer = await open(daemon);
    peer.connect();
    await peer.untilClosed();
    await eventually(() => validated);
    await sleep(20);
    expect(failures).toEqual(['handshake took longer than handshakeTimeoutMs (100 ms)']);
    expect(peer.frames).toHaveLength(1);
  });

  it('a session ends when the client resets the connection, during a call or a message', async () => {
    const daemon = await startDaemon();
    const ends: (Error | undefined)[] = [];
    const errors: Error[] = [];
    daemon.on('disconnect', (_, error) => ends.push(error));
    daemon.on('error', (error) => errors.push(error));
    const aborted: unknown[] = [];
    let begun = false;
    class Slow {
      async wait(): Promise<string> {
        const { signal } = currentContext()!;
        begun = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted.push(signal.reason);
        return 'nobody reads this';
      }
    }
    daemon.register(new (expose(Slow))(), 'slow');
    const [calling, writing] = [await join(daemon, 'slow'), await join(daemon, 'slow')];
    calling.invoke('slow', 'wait');
    await eventually(() => begun);
    writing.write(Buffer.from('PYRO\x01\xf6\x04', 'latin1'));
    for (const peer of [calling, writing]) (peer.socket as Socket).resetAndDestroy();
    await eventually(() => ends.length === 2);
    // Node may send a FIN before its RST
    for (const error of ends) expect(['ECONNRESET', 'CONNECTION_CLOSED']).toContain((error as NodeJS.ErrnoException).code);
    expect(aborted).toHaveLength(1);
    expect(errors).toEqual([]);
    expect(daemon.connections).toEqual([]);
  });

  it('a connection is not connected any more once a method closed it', async () => {
    const daemon = await startDaemon();
    const states: boolean[] = [];
    let connection: PyroConnection | undefined;
    class Closer {
      leave(): void {
        ({ connection } = currentContext()!);
        states.push(connection.connected);
        connection.close();
        states.push(connection.connected);
      }
    }
    daemon.register(new (expose(Closer))(), 'closer');
    const peer = await join(daemon, 'closer');
    peer.invoke('closer', 'leave');
    await peer.untilClosed();
    expect(states).toEqual([true, false]);
  });
});

describe('a batch over callTimeoutMs', () => {
  it('a batch over callTimeoutMs starts no further entry once the client was told', async () => {
    const daemon = await startDaemon({ callTimeoutMs: 30 });
    let begun = 0;
    let endStep = (): void => undefined;
    class Slow {
      async step(): Promise<void> {
        begun++;
        await new Promise<void>((resolve) => (endStep = resolve));
      }
    }
    daemon.register(new (expose(Slow))(), 'slow');
    const peer = await join(daemon, 'slow');
    const entries = Array.from({ length: 10 }, () => ['step', [], {}]);
    peer.invoke('slow', '<batch>', entries, {}, { flags: 8 });
    expect((await peer.next()).data.toString()).toContain('builtins.TimeoutError');
    endStep();
    expect(await peer.call('Pyro.Daemon', 'ping')).toBe(null);
    expect(begun).toBe(1);
  });
});

describe('results that throw when they are written', () => {
  it('a result that throws when it is written ends a batch, after the results before it', async () => {
    const daemon = await startDaemon();
    class Resisting {
      fine(): number {
        return 4711;
      }
      unclosable(): Iterator<number> {
        return {
          next: () => ({ done: false, value: 1 }),
          return: () => {
            throw new Error('stays open');
          },
          [Symbol.iterator]() {
            return this;
          },
        } as Iterator<number>;
      }
      trap(): object {
        return new Proxy(
          {},
          {
            has: () => {
              throw new Error('do not look');
            },
          },
        );
      }
    }
    daemon.register(new (expose(Resisting))(), 'resisting');
    const peer = await join(daemon, 'resisting');
    for (const [method, message] of [
      ['unclosable', 'stays open'],
      ['trap', 'do not look'],
    ] as const) {
      const entries = [
        ['fine', [], {}],
        [method, [], {}],
      ];
      peer.invoke('resisting', '<batch>', entries, {}, { flags: 8 });
      const text = (await peer.next()).data.toString();
      expect(text).toContain('4711');
      expect(text).toContain('_ExceptionWrapper');
      expect(text).toContain(message);
    }
  });
});

describe('a stream', () => {
  it('a stream whose next item never comes is closed, and frees its connection, when the client disconnects', async () => {
    const daemon = await startDaemon({ streamLingerMs: 0 });
    let asked = false;
    let disposed = false;
    let returned = false;
    class Silent {
      items(): AsyncIterableIterator<number> {
        let settle: ((step: IteratorResult<number>) => void) | undefined;
        return {
          next: () => {
            asked = true;
            return new Promise((resolve) => (settle = resolve));
          },
          return: async () => {
            returned = true;
            settle?.({ done: true, value: undefined });
            return { done: true, value: undefined };
          },
          [Symbol.asyncIterator]() {
            return this;
          },
        };
      }
      [Symbol.dispose](): void {
        disposed = true;
      }
    }
    daemon.register(expose(Silent), 'silent');
    const peer = await join(daemon, 'silent');
    peer.invoke('silent', 'items');
    const id = (await peer.next()).annotations.get('STRM')!.toString();
    peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
    await eventually(() => asked);
    peer.destroy();
    await eventually(() => disposed, 'disposal');
    expect(returned).toBe(true);
    expect(daemon.connections).toEqual([]);
    expect(daemon.streamCount).toBe(0);
  });

  it('a stream does not keep the message that opened it in memory', async () => {
    const daemon = await startDaemon();
    const contexts: CallContext[] = [];
    class Source {
      *items(_bytes: unknown): Generator<number> {
        contexts.push(currentContext()!);
        yield 1;
      }
    }
    daemon.register(new (expose(Source))(), 'source');
    const peer = await join(daemon, 'source');
    peer.invoke('source', 'items', ['x'.repeat(100_000)], {}, { annotations: new Map([['NOTE', Buffer.from('mine')]]) });
    const id = (await peer.next()).annotations.get('STRM')!.toString();
    expect(await peer.call('Pyro.Daemon', 'get_next_stream_item', id)).toBe(1);
    const kept = contexts[0]!.annotations.get('NOTE')!;
    expect(kept.toString()).toBe('mine');
    expect(kept.buffer.byteLength).toBeLessThan(100_000);
  });
});
