import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PyroController, type PyroDaemon, PyroMethod, PyroServer } from '../../../lib/index.js';
import { closeAfter, eventually, joinServer, moduleOf, serve } from './fixtures.js';

let log: string[] = [];
/** When set, `work` waits for this promise instead of a short time. */
let held: Promise<void> | undefined;
let release = (): void => undefined;
const hold = (): void => {
  held = new Promise((resolve) => (release = resolve));
};
beforeEach(() => {
  log = [];
  held = undefined;
});
afterEach(() => {
  vi.restoreAllMocks();
});

@Injectable()
class Deep implements OnModuleDestroy, OnModuleInit {
  isOpen = false;
  onModuleInit(): void {
    this.isOpen = true;
    log.push('init');
  }
  onModuleDestroy(): void {
    this.isOpen = false;
    log.push('destroy');
  }
}

@Injectable()
class Middle {
  constructor(readonly deep: Deep) {}
}

@Injectable({ scope: Scope.REQUEST })
class Session {
  constructor(private readonly middle: Middle) {}
  [Symbol.dispose](): void {
    log.push(`session disposed while open: ${this.middle.deep.isOpen}`);
  }
}

@PyroController({ objectId: 'slow', instanceMode: 'session' })
class Slow {
  constructor(
    private readonly middle: Middle,
    private readonly session: Session,
  ) {}
  @PyroMethod() async work(): Promise<boolean> {
    log.push('begin');
    await (held ?? new Promise((resolve) => setTimeout(resolve, 50)));
    log.push('end');
    return this.middle.deep.isOpen && this.session !== undefined;
  }
}

const leaf = moduleOf({ providers: [Deep, Middle, Session, Slow] });
const nested = { imports: [moduleOf({ imports: [leaf] }), leaf] };

describe('shutting an application down', () => {
  const expectedOrder = ['init', 'begin', 'end', 'session disposed while open: true', 'destroy'];

  it('shutdown finishes calls and sessions before the first provider is destroyed (hybrid)', async () => {
    const { app, join } = await serve(nested);
    const peer = await join('slow');
    const result = peer.call('slow', 'work');
    await eventually(() => log.includes('begin'));
    await app.close();
    expect(await result).toBe(true);
    expect(log).toEqual(expectedOrder);
  });

  it('a signal shuts down a standalone microservice: calls and sessions end before the first provider is destroyed', async () => {
    const strategy = new PyroServer({ host: '127.0.0.1', port: 0 });
    const app = await NestFactory.createMicroservice(moduleOf(nested), { strategy, logger: false });
    await app.listen();
    const peer = await joinServer(strategy, 'slow');
    const result = peer.call('slow', 'work');
    await eventually(() => log.includes('begin'));
    await (app as unknown as { shutdown(signal: string): Promise<void> }).shutdown('SIGTERM');
    expect(await result).toBe(true);
    expect(log).toEqual(expectedOrder);
  });

  it('shutdown does not wait beyond drainTimeoutMs', async () => {
    hold();
    const { app, join } = await serve(nested, { drainTimeoutMs: 20 });
    const peer = await join('slow');
    peer.invoke('slow', 'work');
    await eventually(() => log.includes('begin'));
    await app.close();
    expect(log).toEqual(['init', 'begin', 'session disposed while open: true', 'destroy']);
    release();
    await eventually(() => log.includes('end'));
  });

  it('drain() waits for running calls, and accepts no more', async () => {
    hold();
    const { server, join } = await serve(nested);
    const peer = await join('slow');
    const result = peer.call('slow', 'work');
    await eventually(() => log.includes('begin'));
    expect(await server.drain(10)).toBe(false);
    const drained = server.drain(20_000);
    release();
    expect(await drained).toBe(true);
    expect(await result).toBe(true);
  });

  it('two clients that close the application together by a method get both results', async () => {
    let begun = 0;
    let close = (): Promise<void> => Promise.resolve();
    @PyroController('closer')
    class Closer {
      @PyroMethod() async close(): Promise<string> {
        begun++;
        await eventually(() => begun === 2);
        await close();
        return 'closed';
      }
    }
    const { app, join } = await serve({ providers: [Closer] });
    close = () => app.close();
    const peers = [await join('closer'), await join('closer')];
    expect(await Promise.all(peers.map((peer) => peer.call('closer', 'close')))).toEqual(['closed', 'closed']);
  });

  it('drain() before listen() has nothing to wait for', async () => {
    expect(await new PyroServer().drain()).toBe(true);
  });
});

describe('starting', () => {
  it('a server warns when clients could call before onModuleInit', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const app = await NestFactory.create(moduleOf(nested), { logger: false });
    closeAfter(() => app.close());
    app.connectMicroservice({ strategy: new PyroServer({ host: '127.0.0.1', port: 0 }) });
    await app.startAllMicroservices();
    expect(warn.mock.calls.map(String).join()).toContain('await app.init() before app.startAllMicroservices()');
  });

  it('a server does not warn when no client could call before onModuleInit', async () => {
    // the first application of a process is warned of the classes below, which it does not serve
    await serve(nested);
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    await serve(nested);
    expect(warn.mock.calls).toEqual([]);
  });
});

describe('errors that reach no client', () => {
  @PyroController({ objectId: 'quiet', instanceMode: 'single' })
  class Quiet {
    @PyroMethod({ oneway: true }) oneway(): never {
      throw new Error('in oneway');
    }
    @PyroMethod({ callback: true }) callback(): never {
      throw new Error('in callback');
    }
  }
  it('a server logs and emits errors of oneway calls and of callbacks', async () => {
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const events: string[] = [];
    const { join, server } = await serve(
      { providers: [Quiet] },
      { prepare: (_app, pyro) => pyro.on('callError', (failure) => events.push((failure as Error).message)) },
    );
    const { FLAGS } = await import('../../../lib/core.js');
    const peer = await join('quiet');
    peer.invoke('quiet', 'oneway', [], {}, { flags: FLAGS.oneway });
    expect((await peer.fail('quiet', 'callback')).message).toContain('in callback');
    await eventually(() => events.length === 2);
    expect(events.sort()).toEqual(['in callback', 'in oneway']);
    expect(error.mock.calls.map(String).join()).toContain('quiet.oneway failed');
    expect(server.unwrap<PyroDaemon>().isListening).toBe(true);
  });
});
