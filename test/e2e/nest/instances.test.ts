import { Inject, Injectable, Scope, UseGuards } from '@nestjs/common';
import { INQUIRER, REQUEST } from '@nestjs/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { FLAGS, type PyroConnection } from '../../../lib/core.js';
import {
  type OnPyroDisconnect,
  PyroContext,
  PyroController,
  type PyroDaemon,
  PyroMethod,
  PyroProperty,
} from '../../../lib/index.js';
import { SessionConnection } from '../../../lib/daemon/connection/session-connection.js';
import { eventually, openStream, nextItem, serve } from './fixtures.js';

let log: string[] = [];
beforeEach(() => {
  log = [];
});

@Injectable()
class Singleton {
  constructed = true;
  [Symbol.dispose](): void {
    log.push('singleton disposed');
  }
}

@Injectable({ scope: Scope.REQUEST })
class Leaf {
  constructor(@Inject(REQUEST) readonly request: unknown) {}
  [Symbol.dispose](): void {
    log.push('leaf disposed');
  }
}

@Injectable({ scope: Scope.REQUEST })
class Branch {
  constructor(
    readonly leaf: Leaf,
    readonly singleton: Singleton,
  ) {}
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    log.push('branch disposed');
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class Helper {
  constructor(@Inject(INQUIRER) readonly inquirer: object) {}
  [Symbol.dispose](): void {
    log.push('helper disposed');
  }
}

class Counting implements OnPyroDisconnect {
  protected count = 0;
  @PyroMethod() next(): number {
    return ++this.count;
  }
  onPyroDisconnect(connection: PyroConnection): void {
    log.push(`disconnect ${connection instanceof SessionConnection}`);
  }
}

@PyroController('session')
class SessionObject extends Counting {
  @Inject('POOL') private readonly pool!: object;
  @Inject('FACTORY') private readonly made!: object;
  constructor(
    private readonly leaf: Leaf,
    private readonly branch: Branch,
    private readonly helper: Helper,
  ) {
    super();
  }
  @PyroMethod() wiring(): unknown {
    return [
      this.leaf === this.branch.leaf,
      this.leaf.request instanceof SessionConnection,
      this.helper.inquirer instanceof SessionObject,
      this.branch.singleton.constructed,
      this.pool instanceof Singleton,
      typeof this.made,
    ];
  }
  @PyroMethod() async *items(): AsyncGenerator<number> {
    try {
      yield this.count;
      yield this.count;
    } finally {
      log.push('stream closed');
    }
  }
  [Symbol.dispose](): void {
    log.push('object disposed');
  }
}

@PyroController({ objectId: 'single', instanceMode: 'single' })
class SingleObject extends Counting {
  @PyroProperty() get total(): number {
    return this.count;
  }
  [Symbol.dispose](): void {
    log.push('single disposed');
  }
}

@PyroController({ objectId: 'percall', instanceMode: 'percall' })
class PerCallObject extends Counting {
  constructor(private readonly leaf: Leaf) {
    super();
  }
  @PyroMethod() request(): boolean {
    return this.leaf.request === PyroContext.current();
  }
  @PyroMethod() fails(): never {
    throw new Error('failed');
  }
  @PyroMethod() *items(): Generator<number> {
    yield 1;
    yield 2;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    log.push('call disposed');
  }
}

const providers = [
  Singleton,
  Leaf,
  Branch,
  Helper,
  SessionObject,
  SingleObject,
  PerCallObject,
  { provide: 'POOL', useFactory: (singleton: Singleton) => singleton, inject: [Singleton], scope: Scope.REQUEST },
  { provide: 'FACTORY', useFactory: () => ({ [Symbol.dispose]: () => log.push('made disposed') }), scope: Scope.REQUEST },
];

describe('a session object', () => {
  it('Nest makes one session object per connection', async () => {
    const { join } = await serve({ providers });
    const [one, two] = [await join('session'), await join('session')];
    expect([await one.call('session', 'next'), await one.call('session', 'next'), await two.call('session', 'next')]).toEqual([
      1, 2, 1,
    ]);
    expect(await one.call('session', 'wiring')).toEqual([true, true, true, true, true, 'object']);
  });

  it('a session object is made once for concurrent first calls', async () => {
    const { join, server } = await serve({ providers });
    const peer = await join('session');
    for (let call = 0; call < 5; call++) peer.invoke('session', 'next', [], {}, { flags: FLAGS.oneway });
    expect(await peer.call('session', 'next')).toBe(6);
    expect(server.unwrap<PyroDaemon>().connections).toHaveLength(1);
  });

  it('calls that waited for their session object run in order', async () => {
    const { join } = await serve({ providers });
    const peer = await join('session');
    // in one chunk, so that all calls arrive before the instance is made
    peer.socket.cork();
    for (let call = 0; call < 5; call++) peer.invoke('session', 'next', [], {}, { flags: FLAGS.oneway });
    const last = peer.call('session', 'next');
    peer.socket.uncork();
    expect(await last).toBe(6);
  });

  it('a session object is told of the disconnect and disposed, users before their dependencies', async () => {
    const { join } = await serve({ providers });
    const peer = await join('session');
    await peer.call('session', 'next');
    peer.end();
    await eventually(() => log.includes('leaf disposed'));
    expect(log[0]).toBe('disconnect true');
    expect(log[1]).toBe('object disposed');
    expect([...log].sort()).toEqual([
      'branch disposed',
      'disconnect true',
      'helper disposed',
      'leaf disposed',
      'made disposed',
      'object disposed',
    ]);
    expect(log.indexOf('branch disposed')).toBeLessThan(log.indexOf('leaf disposed'));
  });

  it('a session object outlives its connection while one of its streams lingers', async () => {
    const { join } = await serve({ providers });
    const peer = await join('session');
    await peer.call('session', 'next');
    const id = await openStream(peer, 'session', 'items');
    expect(await nextItem(peer, id)).toBe(1);
    peer.end();
    await eventually(() => log.includes('disconnect true'));
    const again = await join('session');
    expect(await nextItem(again, id)).toBe(1);
    expect(log).toEqual(['disconnect true']);
    await again.call('Pyro.Daemon', 'close_stream', id);
    await eventually(() => log.includes('object disposed'));
    expect(log.indexOf('stream closed')).toBeLessThan(log.indexOf('object disposed'));
  });

  it('session objects are disposed when the server closes, before Nest destroys providers', async () => {
    const { join, app } = await serve({ providers });
    const peer = await join('session');
    await peer.call('session', 'next');
    await app.close();
    expect(log).toContain('leaf disposed');
  });

  it('a session object is disposed once when it is unregistered while its connection ends', async () => {
    const { server, join } = await serve({ providers });
    server.on('disconnect', () => server.unwrap<PyroDaemon>().unregister('session'));
    const peer = await join('session');
    await peer.call('session', 'next');
    peer.end();
    await eventually(() => log.includes('leaf disposed'));
    await server.close();
    expect(log.filter((line) => line === 'object disposed')).toHaveLength(1);
  });

  it('a session object that is unregistered during a call is told of the disconnect and disposed after the call', async () => {
    let finish: (() => void) | undefined;
    @PyroController('busy')
    class Busy extends Counting {
      @PyroMethod() async slow(): Promise<void> {
        await new Promise<void>((resolve) => (finish = resolve));
        log.push('call ended');
      }
      [Symbol.dispose](): void {
        log.push('disposed');
      }
    }
    const { server, join } = await serve({ providers: [Busy] });
    const peer = await join('busy');
    const call = peer.call('busy', 'slow');
    await eventually(() => finish !== undefined);
    server.unwrap<PyroDaemon>().unregister('busy');
    expect((await (await join('Pyro.Daemon')).fail('busy', 'slow')).message).toContain('unknown object');
    expect(log).toEqual([]);
    finish!();
    await call;
    await eventually(() => log.length === 3);
    expect(log).toEqual(['call ended', 'disconnect true', 'disposed']);
  });

  it.each(['session', 'single'] as const)(
    'a call that runs on after the end of the server makes no %s object',
    async (instanceMode) => {
      let finish: (() => void) | undefined;
      @PyroController({ objectId: 'late', instanceMode })
      class Late {
        constructor(readonly leaf: Leaf) {
          log.push('made');
        }
        @PyroMethod() async slow(): Promise<void> {
          await new Promise<void>((resolve) => (finish = resolve));
        }
        @PyroMethod() again(): void {
          log.push('called');
        }
        [Symbol.dispose](): void {
          log.push('disposed');
        }
      }
      const { app, server, join } = await serve({ providers: [Late, Leaf] }, { drainTimeoutMs: 1 });
      server.unwrap<PyroDaemon>().on('callFailed', (error, { method }) => log.push(`${method}: ${(error as Error).message}`));
      const peer = await join('late');
      const entries = ['slow', 'again'].map((method) => [method, [], {}]);
      peer.invoke('late', '<batch>', entries, {}, { flags: FLAGS.batch });
      await eventually(() => finish !== undefined);
      await app.close();
      expect(log).toEqual(['made', 'disposed', 'leaf disposed']);
      finish!();
      await eventually(() => log.length === 4);
      expect(log[3]).toContain('again: unknown object');
    },
  );

  it('a session object that could not be made fails the call, and the next call tries again', async () => {
    let broken = true;
    @PyroController('broken')
    class Broken {
      constructor() {
        if (broken) throw new Error('not yet');
      }
      @PyroMethod() method(): string {
        return 'made';
      }
    }
    const { join } = await serve({ providers: [Broken] });
    const peer = await join('broken');
    expect((await peer.fail('broken', 'method')).message).toContain('not yet');
    broken = false;
    expect(await peer.call('broken', 'method')).toBe('made');
  });

  it.each(['session', 'percall'] as const)(
    'the dependencies of a session object that could not be made are disposed (%s)',
    async (instanceMode) => {
      @PyroController('broken', { instanceMode })
      class Broken {
        constructor(
          readonly branch: Branch,
          readonly singleton: Singleton,
        ) {
          throw new Error('not to be made');
        }
        @PyroMethod() method(): void {}
        [Symbol.dispose](): void {
          log.push('broken disposed');
        }
      }
      const { join } = await serve({ providers: [Broken, Branch, Leaf, Singleton] });
      const peer = await join('broken');
      expect((await peer.fail('broken', 'method')).message).toContain('not to be made');
      expect(log).toEqual(['branch disposed', 'leaf disposed']);
      peer.end();
      await peer.untilClosed();
      expect(log).toHaveLength(2);
    },
  );

  it('an error in one disposal of a session object does not stop the others', async () => {
    @PyroController('failing')
    class Failing {
      constructor(private readonly leaf: Leaf) {}
      @PyroMethod() method(): boolean {
        return this.leaf !== undefined;
      }
      onPyroDisconnect(): never {
        throw new Error('in onPyroDisconnect');
      }
      async [Symbol.asyncDispose](): Promise<never> {
        throw new Error('in dispose');
      }
    }
    const { join } = await serve({ providers: [Failing, Leaf] });
    const peer = await join('failing');
    await peer.call('failing', 'method');
    peer.end();
    await eventually(() => log.includes('leaf disposed'));
  });
});

describe('a single object', () => {
  it('a single object is Nest’s own instance, for all connections', async () => {
    const { join, app } = await serve({ providers });
    const [one, two] = [await join('single'), await join('single')];
    expect([await one.call('single', 'next'), await two.call('single', 'next')]).toEqual([1, 2]);
    expect(app.get(SingleObject).total).toBe(2);
  });

  it('a single object is told of the end of each connection that called it, and of no other', async () => {
    const { join, server } = await serve({ providers });
    const [one, two] = [await join('single'), await join('single')];
    await one.call('single', 'next');
    one.end();
    two.end();
    await eventually(() => server.unwrap<PyroDaemon>().connections.length === 0 && log.length > 0);
    expect(log).toEqual(['disconnect true']);
  });

  it('a single object stays one instance with request-scoped dependencies', async () => {
    @PyroController({ objectId: 'scoped', instanceMode: 'single' })
    class ScopedSingle extends Counting {
      constructor(private readonly leaf: Leaf) {
        super();
      }
      @PyroMethod() hasDaemon(): boolean {
        return (this.leaf.request as PyroDaemon | undefined)?.isListening === true;
      }
    }
    const { join, app } = await serve({ providers: [ScopedSingle, Leaf] });
    const [one, two] = [await join('scoped'), await join('scoped')];
    expect([await one.call('scoped', 'next'), await two.call('scoped', 'next')]).toEqual([1, 2]);
    expect(await one.call('scoped', 'hasDaemon')).toBe(true);
    await app.close();
    expect(log).toContain('leaf disposed');
  });
});

describe('a percall object', () => {
  it('a percall object is made for each call and disposed after it', async () => {
    const { join } = await serve({ providers });
    const peer = await join('percall');
    expect([await peer.call('percall', 'next'), await peer.call('percall', 'next')]).toEqual([1, 1]);
    expect(log).toEqual(['call disposed', 'leaf disposed', 'call disposed', 'leaf disposed']);
    expect(await peer.call('percall', 'request')).toBe(true);
  });

  it('a percall object is disposed after an error, and after the end of its stream', async () => {
    const { join } = await serve({ providers });
    const peer = await join('percall');
    await peer.fail('percall', 'fails');
    expect(log).toEqual(['call disposed', 'leaf disposed']);
    log = [];
    const id = await openStream(peer, 'percall', 'items');
    expect(await nextItem(peer, id)).toBe(1);
    expect(log).toEqual([]);
    await peer.call('Pyro.Daemon', 'close_stream', id);
    await eventually(() => log.length === 2);
  });

  it('a percall object with singletons alone is made and disposed for each call, of which only its own instance is disposed', async () => {
    let made = 0;
    let isBroken = false;
    @PyroController({ objectId: 'plain', instanceMode: 'percall' })
    class Plain extends Counting {
      readonly number = ++made;
      constructor(private readonly singleton: Singleton) {
        super();
        if (isBroken) throw new Error('broken');
      }
      @PyroMethod() wiring(): unknown {
        return [this.number, this.singleton.constructed];
      }
      @PyroMethod() fails(): never {
        throw new Error('failed');
      }
      @PyroMethod() *items(): Generator<number> {
        yield this.number;
      }
      async [Symbol.asyncDispose](): Promise<void> {
        await Promise.resolve();
        log.push(`${this.number} disposed`);
      }
    }
    const { join } = await serve({ providers: [Plain, Singleton] });
    const peer = await join('plain');
    for (let number = 1; number <= 3; number++) {
      expect(await peer.call('plain', 'wiring')).toEqual([number, true]);
      expect(log.at(-1)).toBe(`${number} disposed`);
    }
    await peer.fail('plain', 'fails');
    expect(log.at(-1)).toBe('4 disposed');
    const id = await openStream(peer, 'plain', 'items');
    expect(await nextItem(peer, id)).toBe(5);
    expect(log).not.toContain('5 disposed');
    await peer.call('Pyro.Daemon', 'close_stream', id);
    await eventually(() => log.includes('5 disposed'));
    isBroken = true;
    expect(await peer.fail('plain', 'wiring')).toMatchObject({ message: expect.stringContaining('broken') as string });
    isBroken = false;
    expect(await peer.call('plain', 'wiring')).toEqual([7, true]);
    expect(log).not.toContain('singleton disposed');
  });

  it('a percall object is never told of a disconnect', async () => {
    const { join, server } = await serve({ providers });
    const peer = await join('percall');
    await peer.call('percall', 'next');
    peer.end();
    await eventually(() => server.unwrap<PyroDaemon>().connections.length === 0);
    expect(log).not.toContain('disconnect true');
  });

  it('a percall object shares its context with request-scoped enhancers', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class LeafGuard {
      constructor(private readonly leaf: Leaf) {}
      canActivate(): boolean {
        log.push(`guard ${this.leaf.request === PyroContext.current()}`);
        return true;
      }
    }
    @PyroController({ objectId: 'guarded', instanceMode: 'percall' })
    @UseGuards(LeafGuard)
    class Guarded extends Counting {}
    const { join } = await serve({ providers: [Guarded, Leaf] });
    expect(await (await join('guarded')).call('guarded', 'next')).toBe(1);
    expect(log).toContain('guard true');
  });
});
