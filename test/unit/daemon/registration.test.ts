import { describe, expect, it } from 'vitest';
import { behavior, DaemonError, expose, PyroDaemon } from '../../../lib/core.js';
import type { SessionConnection } from '../../../lib/daemon/connection/session-connection.js';
import { FLAGS } from '../../../lib/protocol/constants.js';
import { keepWarnings } from '../../kept-warnings.js';
import { eventually, join, startDaemon } from './fixtures.js';

keepWarnings(/^a registered object exposes nothing/);

class Thing {
  self(): Thing {
    return this;
  }
}
expose(Thing);

class Giver {
  constructor(private readonly thing: Thing) {}
  give(): Thing {
    return this.thing;
  }
}
expose(Giver);

describe('plain objects', () => {
  it('a plain object travels as a proxy once it is registered, and others do not', async () => {
    const daemon = await startDaemon();
    const plain = { name: 'plain' };
    expect(daemon.referenceFor(plain)).toBeUndefined();
    daemon.register(plain, 'plain');
    expect(daemon.referenceFor(plain)?.uri.object).toBe('plain');
    expect(daemon.referenceFor({ name: 'plain' })).toBeUndefined();
    daemon.unregister(plain);
    expect(daemon.referenceFor(plain)).toBeUndefined();
  });
});

describe('weak registration', () => {
  it('a weak registration can be undone and made again', async () => {
    const daemon = await startDaemon();
    const thing = new Thing();
    daemon.register(thing, 'thing', { weak: true });
    daemon.unregister(thing);
    expect(() => daemon.unregister(thing)).toThrow(DaemonError);
    expect(() => daemon.uriFor(thing)).toThrow(DaemonError);
    expect(daemon.register(thing, 'other', { weak: true }).object).toBe('other');
  });

  it('a weak registration does not give the id of a new object to the object that it replaced', async () => {
    const daemon = await startDaemon();
    const thing = new Thing();
    daemon.register(thing, 'thing', { weak: true });
    daemon.register(new Thing(), 'thing', { force: true });
    daemon.register(new Giver(thing), 'giver');
    const peer = await join(daemon, 'giver');
    expect(JSON.stringify(await peer.call('giver', 'give'))).not.toContain('PYRO:');
  });

  it('a call of a garbage-collected object is answered, and the connection stays open', async () => {
    const daemon = await startDaemon();
    const target = {
      get metadata(): never {
        throw new DaemonError('weakly registered object was garbage-collected; register it again');
      },
      invoke: () => undefined,
      getAttribute: () => undefined,
      setAttribute: () => undefined,
      isCallback(): never {
        throw new DaemonError('weakly registered object was garbage-collected; register it again');
      },
    };
    daemon.registerTarget('gone', target);
    const peer = await join(daemon);
    expect((await peer.fail('gone', 'self')).message).toContain('garbage-collected');
    expect(await peer.call('Pyro.Daemon', 'ping')).toBe(null);
  });
});

describe('combined daemons', () => {
  it('a daemon refuses to be combined in a circle, which could not be shut down', () => {
    const [a, b, c] = [new PyroDaemon(), new PyroDaemon(), new PyroDaemon()];
    a!.combine(b!);
    b!.combine(c!);
    expect(() => c!.combine(a!)).toThrow(/combined/);
  });
});

describe('unregistered objects', () => {
  /** The objects of which a connection keeps something. */
  const keptBy = (daemon: PyroDaemon): unknown[] => {
    const [connection] = daemon.connections as SessionConnection[];
    return [...[...connection!.authorizations.given()].map(([target]) => target), ...connection!.usedTargets];
  };

  it('a connection keeps nothing of objects with guards that were unregistered', async () => {
    const daemon = await startDaemon();
    daemon.register(new Thing(), 'first', { guards: () => undefined });
    const peer = await join(daemon, 'first');
    for (const id of ['one', 'two', 'three']) {
      const thing = new Thing();
      daemon.register(thing, id, { guards: () => ({ principal: id }) });
      await peer.call('Pyro.Daemon', 'get_metadata', id);
      expect(keptBy(daemon)).toHaveLength(2);
      daemon.unregister(thing);
    }
    daemon.register(new Thing(), 'first', { force: true });
    expect(keptBy(daemon)).toEqual([]);
  });

  it('objects that a guarded object has registered keep its authorization, also when it was unregistered', async () => {
    const daemon = await startDaemon();
    class Parent {
      open(): string {
        return daemon.register(new Thing(), 'child').object;
      }
    }
    expose(Parent, 'open');
    const parent = new Parent();
    let asked = 0;
    daemon.register(parent, 'parent', { guards: () => void asked++ });
    const peer = await join(daemon, 'parent');
    await peer.call('parent', 'open');
    daemon.unregister(parent);
    await peer.call('Pyro.Daemon', 'get_metadata', 'child');
    expect(asked).toBe(1);
    expect(keptBy(daemon)).toHaveLength(1);
    daemon.unregister('child');
    expect(keptBy(daemon)).toEqual([]);
  });

  it('unregistering an object with guards does not look at all other objects', async () => {
    const daemon = await startDaemon();
    let looks = 0;
    const objects = 300;
    for (let i = 0; i < objects; i++) {
      daemon.registerTarget(`guarded${i}`, {
        metadata: { methods: new Set(), oneway: new Set(), attrs: new Set() },
        invoke: () => undefined,
        getAttribute: () => undefined,
        setAttribute: () => undefined,
        isCallback: () => false,
        authorize: () => undefined,
        get guardedBy() {
          looks++;
          return undefined;
        },
      });
    }
    for (let i = objects; i-- > 0;) daemon.unregister(`guarded${i}`);
    expect(looks).toBeLessThan(10 * objects);
  });

  it('the answer of guards that comes after the end of their object is not kept', async () => {
    const daemon = await startDaemon();
    daemon.register(new Thing(), 'first');
    const peer = await join(daemon, 'first');
    let asked = false;
    let allow: () => void;
    const allowed = new Promise<void>((resolve) => (allow = resolve));
    const guards = (): Promise<void> => {
      asked = true;
      return allowed;
    };
    daemon.register(new Thing(), 'late', { guards });
    const answer = peer.call('Pyro.Daemon', 'get_metadata', 'late');
    await eventually(() => asked);
    daemon.unregister('late');
    allow!();
    await answer;
    expect(keptBy(daemon)).toEqual([]);
  });

  it.each([
    ['session', 'unregistered'],
    ['single', 'unregistered'],
    ['session', 'replaced'],
    ['single', 'replaced'],
  ] as const)(
    'a %s instance of a class that was %s is disposed after its last call and its last stream',
    async (instanceMode, how) => {
      const daemon = await startDaemon();
      const log: string[] = [];
      let finish = (): void => undefined;
      class Busy {
        async slow(): Promise<void> {
          await new Promise<void>((resolve) => (finish = resolve));
          log.push('call ended');
        }
        *items(): Generator<number> {
          try {
            for (;;) yield 1;
          } finally {
            log.push('stream ended');
          }
        }
        [Symbol.dispose](): void {
          log.push('disposed');
        }
      }
      behavior({ instanceMode })(expose(Busy, 'slow', 'items'));
      daemon.register(Busy, 'busy');
      daemon.register(new Thing(), 'first');
      const peer = await join(daemon, 'first');
      peer.invoke('busy', 'items');
      const stream = (await peer.next()).annotations.get('STRM')!.toString();
      expect(await peer.call('Pyro.Daemon', 'get_next_stream_item', stream)).toBe(1);
      peer.invoke('busy', 'slow');
      await eventually(() => daemon.inspect().totals.requestsInProgress === 1);
      if (how === 'replaced') daemon.register(new Thing(), 'busy', { force: true });
      else daemon.unregister('busy');
      finish();
      await peer.next();
      expect(await peer.call('Pyro.Daemon', 'get_next_stream_item', stream)).toBe(1);
      expect(log).toEqual(['call ended']);
      await peer.call('Pyro.Daemon', 'close_stream', stream);
      await eventually(() => log.length === 3);
      expect(log).toEqual(['call ended', 'stream ended', 'disposed']);
      expect(keptBy(daemon)).toEqual([]);
    },
  );

  it.each(['session', 'single'] as const)(
    'a call that runs on after the end of the daemon makes no %s instance',
    async (instanceMode) => {
      const daemon = await startDaemon();
      const log: string[] = [];
      let finish = (): void => undefined;
      class Late {
        constructor() {
          log.push('made');
        }
        async slow(): Promise<void> {
          await new Promise<void>((resolve) => (finish = resolve));
        }
        again(): void {
          log.push('called');
        }
        [Symbol.dispose](): void {
          log.push('disposed');
        }
      }
      behavior({ instanceMode })(expose(Late, 'slow', 'again'));
      daemon.register(Late, 'late');
      daemon.on('callFailed', (error, { method }) => log.push(`${method}: ${(error as Error).message}`));
      const peer = await join(daemon, 'late');
      const entries = ['slow', 'again'].map((method) => [method, [], {}]);
      peer.invoke('late', '<batch>', entries, {}, { flags: FLAGS.batch });
      await eventually(() => daemon.inspect().totals.requestsInProgress === 1);
      await daemon.close();
      expect(log).toEqual(['made', 'disposed']);
      finish();
      await eventually(() => log.length === 3);
      expect(log[2]).toContain('again: unknown object');
    },
  );

  it('a connection keeps nothing of classes that were unregistered, and a call that ends its own class keeps its instance', async () => {
    const daemon = await startDaemon();
    const ended: string[] = [];
    class Session {
      constructor() {
        ended.push('made');
      }
      async end(): Promise<void> {
        daemon.unregister(Session);
        await new Promise((resolve) => setImmediate(resolve));
        ended.push('ended');
      }
      again(): void {
        ended.push('again');
      }
      [Symbol.dispose](): void {
        ended.push('disposed');
      }
    }
    behavior({ instanceMode: 'session' })(expose(Session, 'end', 'again'));
    daemon.register(Session, 'session');
    daemon.register(new Thing(), 'first');
    const peer = await join(daemon, 'first');
    await peer.call('session', 'again');
    expect(keptBy(daemon)).toHaveLength(1);
    await peer.call('session', 'end');
    await eventually(() => ended.length === 4);
    expect(keptBy(daemon)).toEqual([]);

    daemon.register(Session, 'session');
    // the second entry of the batch runs after the end of the class
    peer.invoke(
      'session',
      '<batch>',
      ['end', 'again'].map((method) => [method, [], {}]),
      {},
      { flags: FLAGS.batch },
    );
    await peer.next();
    await eventually(() => ended.length === 8);
    expect(ended).toEqual(['made', 'again', 'ended', 'disposed', 'made', 'ended', 'again', 'disposed']);
    expect(keptBy(daemon)).toEqual([]);
  });
});
