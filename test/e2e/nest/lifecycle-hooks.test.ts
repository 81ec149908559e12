import { ForbiddenException, Injectable, Logger, Scope } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type OnPyroConnect,
  type OnPyroDisconnect,
  type OnPyroHousekeeping,
  type PyroConnection,
  PyroController,
  type PyroDaemon,
  PyroMethod,
} from '../../../lib/index.js';
import { ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { closeAfter, eventually, serve, serveBy, WAYS } from './fixtures.js';

let log: string[] = [];
beforeEach(() => {
  log = [];
});
afterEach(() => {
  vi.restoreAllMocks();
});

const count = (line: string): number => log.filter((each) => each === line).length;

@Injectable({ scope: Scope.REQUEST })
class Basket implements OnPyroConnect, OnPyroDisconnect {
  onPyroConnect(connection: PyroConnection): void {
    log.push(`basket meets ${connection.id}`);
  }
  onPyroDisconnect(connection: PyroConnection): void {
    log.push(`basket leaves ${connection.id}`);
  }
}

@PyroController('session')
class SessionObject implements OnPyroConnect, OnPyroDisconnect {
  private user: unknown;
  constructor(readonly basket: Basket) {
    log.push('session made');
  }
  async onPyroConnect(connection: PyroConnection): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 10));
    log.push(`session meets ${connection.id}`);
    this.user = connection.handshake;
  }
  onPyroDisconnect(connection: PyroConnection): void {
    log.push(`session leaves ${connection.id}`);
  }
  @PyroMethod() who(): unknown {
    log.push('session called');
    return this.user;
  }
}

@PyroController('single', { instanceMode: 'single' })
class SingleObject implements OnPyroConnect, OnPyroDisconnect {
  private readonly users = new Map<number, unknown>();
  async onPyroConnect({ id, handshake }: PyroConnection): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 10));
    log.push(`single meets ${id}`);
    this.users.set(id, handshake);
  }
  onPyroDisconnect({ id }: PyroConnection): void {
    log.push(`single leaves ${id}`);
    this.users.delete(id);
  }
  @PyroMethod() who(): unknown {
    return [...this.users.values()];
  }
}

@PyroController('plain', { instanceMode: 'single' })
class Plain {
  @PyroMethod() method(): string {
    return 'plain';
  }
}

const providers = [Basket, SessionObject, SingleObject, Plain];

describe.each(WAYS)('onPyroConnect (%s)', (way) => {
  it('onPyroConnect of a session object runs at the handshake that names the object, dependencies first', async () => {
    const { join } = await serveBy(way, { providers });
    const peer = await join('session', 'ann');
    expect(log).toEqual(['session made', 'basket meets 1', 'session meets 1']);
    expect(await peer.call('session', 'who')).toBe('ann');
    expect(await peer.call('session', 'who')).toBe('ann');
    peer.end();
    await eventually(() => log.includes('basket leaves 1'));
    expect(log.slice(3)).toEqual(['session called', 'session called', 'session leaves 1', 'basket leaves 1']);
  });

  it('onPyroConnect runs before the first call over a connection that was accepted for another object', async () => {
    const { join } = await serveBy(way, { providers });
    const peer = await join('plain', 'bob');
    expect(await peer.call('plain', 'method')).toBe('plain');
    expect(log).toEqual([]);
    expect(await peer.call('session', 'who')).toBe('bob');
    expect(await peer.call('single', 'who')).toEqual(['bob']);
    expect(log).toEqual(['session made', 'basket meets 1', 'session meets 1', 'session called', 'single meets 1']);
  });

  it('onPyroConnect of a single object runs once for every connection', async () => {
    const { join } = await serveBy(way, { providers });
    const ann = await join('single', 'ann');
    const bob = await join('single', 'bob');
    expect(await ann.call('single', 'who')).toEqual(['ann', 'bob']);
    ann.end();
    await eventually(() => log.includes('single leaves 1'));
    expect(await bob.call('single', 'who')).toEqual(['bob']);
    expect(log).toEqual(['single meets 1', 'single meets 2', 'single leaves 1']);
  });
});

describe('onPyroConnect', () => {
  it('concurrent first calls wait for onPyroConnect', async () => {
    const { join } = await serve({ providers });
    const { FLAGS } = await import('../../../lib/core.js');
    for (const object of ['session', 'single']) {
      const peer = await join('plain', 'eve');
      for (let call = 0; call < 3; call++) peer.invoke(object, 'who', [], {}, { flags: FLAGS.oneway });
      expect(await peer.call(object, 'who')).toEqual(object === 'session' ? 'eve' : ['eve']);
      const met = log.indexOf(`${object} meets ${object === 'session' ? 1 : 2}`);
      expect(met).toBeGreaterThanOrEqual(0);
      if (object === 'session') expect(log.indexOf('session called')).toBeGreaterThan(met);
    }
    expect(log.filter((line) => line.endsWith('meets 1'))).toEqual(['basket meets 1', 'session meets 1']);
    expect(count('single meets 2')).toBe(1);
  });

  it.each(['session', 'single'] as const)(
    'an onPyroConnect that fails refuses the connection or the call, and runs again next time (%s)',
    async (mode) => {
      let isOpen = false;
      @PyroController('shop', { instanceMode: mode })
      class Shop implements OnPyroConnect, OnPyroDisconnect {
        onPyroConnect(): void {
          if (!isOpen) throw new ForbiddenException('closed on Sundays');
        }
        onPyroDisconnect(): void {
          log.push('left');
        }
        @PyroMethod() buy(): string {
          return 'bought';
        }
        [Symbol.dispose](): void {
          log.push('disposed');
        }
      }
      const { server, join } = await serve({ providers: [Shop, Plain] });
      const stranger = await ScriptedPeer.open(server.unwrap<PyroDaemon>().locationStr);
      closeAfter(() => stranger.destroy());
      stranger.connect('shop');
      expect(valueOf(await stranger.next())).toBe('closed on Sundays');
      await stranger.untilClosed();

      const peer = await join('plain');
      const failure = await peer.fail('shop', 'buy');
      expect(failure.message).toBe('builtins.PermissionError: closed on Sundays');
      expect(count('disposed')).toBe(mode === 'session' ? 2 : 0);
      isOpen = true;
      expect(await peer.call('shop', 'buy')).toBe('bought');
      peer.end();
      await eventually(() => log.includes('left'));
      // onPyroDisconnect does not run for refused connections
      expect(count('left')).toBe(1);
    },
  );

  it('a single object whose hooks are fields of the instance is told of connections', async () => {
    @PyroController('shop', { instanceMode: 'single' })
    class Shop {
      readonly onPyroConnect = (): void => void log.push('met');
      readonly onPyroDisconnect = (): void => void log.push('left');
      @PyroMethod() buy(): string {
        return 'bought';
      }
    }
    const { join } = await serve({ providers: [Shop] });
    const peer = await join('shop');
    expect(await peer.call('shop', 'buy')).toBe('bought');
    peer.end();
    await eventually(() => log.includes('left'));
    expect(log).toEqual(['met', 'left']);
  });

  it('an onPyroConnect that fails by accident at the handshake does not show its error to the client', async () => {
    @PyroController('shop')
    class Shop implements OnPyroConnect {
      onPyroConnect(): void {
        throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
      }
      @PyroMethod() buy(): void {}
    }
    const accidents: string[] = [];
    const { server } = await serve(
      { providers: [Shop] },
      { prepare: (_app, pyro) => pyro.on('error', ({ message }) => accidents.push(message)) },
    );
    const stranger = await ScriptedPeer.open(server.unwrap<PyroDaemon>().locationStr);
    closeAfter(() => stranger.destroy());
    stranger.connect('shop');
    expect(valueOf(await stranger.next())).toBe('Internal server error');
    expect(accidents).toEqual(['the session of Shop failed: connect ECONNREFUSED 10.0.0.7:5432']);
  });

  it('an object is disconnected and disposed when the client leaves during onPyroConnect', async () => {
    let proceed = (): void => undefined;
    @PyroController('slow')
    class Slow implements OnPyroConnect, OnPyroDisconnect {
      async onPyroConnect(): Promise<void> {
        log.push('meets');
        await new Promise<void>((resolve) => (proceed = resolve));
      }
      onPyroDisconnect(): void {
        log.push('leaves');
      }
      @PyroMethod() method(): void {}
      [Symbol.dispose](): void {
        log.push('disposed');
      }
    }
    const { server } = await serve({ providers: [Slow] });
    const peer = await ScriptedPeer.open(server.unwrap<PyroDaemon>().locationStr);
    peer.connect('slow');
    await eventually(() => log.includes('meets'));
    peer.destroy();
    await peer.untilClosed();
    proceed();
    await eventually(() => log.includes('disposed'));
    expect(log).toEqual(['meets', 'leaves', 'disposed']);
  });

  it('onPyroConnect runs on an object that a test puts in place of the class', async () => {
    const standIn = { who: () => 'stand-in', onPyroConnect: ({ id }: PyroConnection) => log.push(`stand-in meets ${id}`) };
    const { join } = await serveBy(
      'testing',
      { providers },
      { override: (builder) => builder.overrideProvider(SessionObject).useValue(standIn) },
    );
    const peer = await join('session');
    expect(log).toEqual(['stand-in meets 1']);
    expect(await peer.call('session', 'who')).toBe('stand-in');
  });
});

describe('hooks of a percall object', () => {
  it('hooks of a percall object never run, and the server warns of them when it starts', async () => {
    @PyroController('percall', { instanceMode: 'percall' })
    class PerCall implements OnPyroConnect, OnPyroHousekeeping {
      onPyroConnect(): void {
        log.push('connect');
      }
      onPyroHousekeeping(): void {
        log.push('housekeeping');
      }
      @PyroMethod() method(): string {
        return 'ok';
      }
    }
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const { join } = await serve(
      { providers: [PerCall, Plain] },
      { housekeepingIntervalMs: 5, housekeeping: () => void log.push('tick') },
    );
    expect(warn.mock.calls.map(String).join()).toContain('onPyroConnect, onPyroHousekeeping of it is never called');
    expect(await (await join('percall')).call('percall', 'method')).toBe('ok');
    await eventually(() => count('tick') > 3);
    expect(log.filter((line) => line !== 'tick')).toEqual([]);
  });
});

describe('onPyroHousekeeping', () => {
  it.each(WAYS)('onPyroHousekeeping runs on an uncalled single object, and on each session until it ends (%s)', async (way) => {
    let sessions = 0;
    @PyroController('kept', { instanceMode: 'single' })
    class Kept implements OnPyroHousekeeping {
      onPyroHousekeeping(): void {
        log.push('single');
      }
      @PyroMethod() method(): void {}
    }
    @PyroController('session')
    class Session implements OnPyroHousekeeping {
      private readonly number = ++sessions;
      onPyroHousekeeping(): void {
        log.push(`session ${this.number}`);
      }
      @PyroMethod() method(): void {}
    }
    const { join } = await serveBy(way, { providers: [Kept, Session] }, { housekeepingIntervalMs: 5 });
    await eventually(() => count('single') > 1);
    expect(sessions).toBe(0);
    const [one, two] = [await join('session'), await join('session')];
    await one.call('session', 'method');
    await two.call('session', 'method');
    await eventually(() => count('session 1') > 1 && count('session 2') > 1);
    one.end();
    await eventually(() => {
      const last = log.slice(log.lastIndexOf('session 1') + 1);
      return last.filter((line) => line === 'session 2').length > 5;
    });
  });

  it('onPyroHousekeeping never overlaps itself, reports its errors, and ends before its instance is disposed', async () => {
    let running = 0;
    let finish = (): void => undefined;
    @PyroController('slow')
    class Slow implements OnPyroHousekeeping {
      async onPyroHousekeeping(): Promise<void> {
        log.push(`begins ${++running}`);
        await new Promise<void>((resolve) => (finish = resolve));
        running--;
        log.push('ends');
        throw new Error('no broom');
      }
      @PyroMethod() method(): void {}
      [Symbol.dispose](): void {
        log.push(`disposed, ${running} running`);
      }
    }
    const errors: string[] = [];
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const { join, server } = await serve(
      { providers: [Slow] },
      {
        housekeepingIntervalMs: 5,
        housekeeping: () => void log.push('tick'),
        prepare: (_app, pyro) => pyro.on('error', ({ message }) => errors.push(message)),
      },
    );
    const peer = await join('slow');
    await peer.call('slow', 'method');
    await eventually(() => log.includes('begins 1'));
    log = [];
    await eventually(() => count('tick') > 3);
    expect(log).not.toContain('begins 2');
    finish();
    await eventually(() => errors.length > 0);
    expect(errors[0]).toBe('onPyroHousekeeping of Slow failed: no broom');
    expect(error.mock.calls.map(String).join()).toContain('no broom');
    await eventually(() => running === 1);
    peer.end();
    await eventually(() => server.unwrap<PyroDaemon>().connections.length === 0);
    log = [];
    finish();
    await eventually(() => log.some((line) => line.startsWith('disposed')));
    expect(log.filter((line) => line !== 'tick')).toEqual(['ends', 'disposed, 0 running']);
  });

  it('onPyroHousekeeping stops when the server closes, which waits for a running one', async () => {
    let finish = (): void => undefined;
    @PyroController('slow', { instanceMode: 'single' })
    class Slow implements OnPyroHousekeeping {
      async onPyroHousekeeping(): Promise<void> {
        log.push('begins');
        await new Promise<void>((resolve) => (finish = resolve));
        log.push('ends');
      }
      onModuleDestroy(): void {
        log.push('destroyed');
      }
      @PyroMethod() method(): void {}
    }
    const { app } = await serve({ providers: [Slow] }, { housekeepingIntervalMs: 5 });
    await eventually(() => log.includes('begins'));
    const closed = app.close();
    setTimeout(() => finish(), 30);
    await closed;
    expect(log).toEqual(['begins', 'ends', 'destroyed']);
  });
});
