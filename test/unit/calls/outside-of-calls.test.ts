import { AsyncLocalStorage } from 'node:async_hooks';
import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { outsideOfCalls, runIsolated } from '../../../lib/calls/async-context.js';
import { Watchdog } from '../../../lib/calls/watchdog.js';
import { IdleTimer } from '../../../lib/client/connection/idle-timer.js';
import { IdleTimeout } from '../../../lib/daemon/session/idle-timeout.js';
import { NameTable } from '../../../lib/name-server/store/name-table.js';
import { ConnectionGroup } from '../../../lib/transport/connection-group.js';
import { FrameTimer } from '../../../lib/transport/frame-timer.js';
import { LingeringClose } from '../../../lib/transport/lingering-close.js';
import { UnsentBytes } from '../../../lib/transport/unsent-bytes.js';
import { UnservedBytes } from '../../../lib/transport/unserved-bytes.js';
import { collectUntil } from '../../garbage-collection.js';

const HOUR_MS = 3_600_000;
const stores = new AsyncLocalStorage<object>();

describe('outsideOfCalls', () => {
  it('a body sees no store, nor does a timer of the body; the caller has its store again afterwards', async () => {
    await stores.run({}, async () => {
      const store = stores.getStore();
      expect(outsideOfCalls(() => stores.getStore())).toBeUndefined();
      const later = outsideOfCalls(() => new Promise((resolve) => setImmediate(() => resolve(stores.getStore()))));
      expect(await later).toBeUndefined();
      expect(stores.getStore()).toBe(store);
    });
  });

  it('a body sees no store of the call in which the module was loaded', async () => {
    vi.resetModules();
    const fresh = await stores.run({}, () => import('../../../lib/calls/async-context.js'));
    expect(fresh.outsideOfCalls).not.toBe(outsideOfCalls);
    expect(fresh.outsideOfCalls(() => stores.getStore())).toBeUndefined();
  });

  it('a store that isolated code enters is not seen by other bodies', () => {
    outsideOfCalls(() => runIsolated(() => stores.enterWith({})));
    expect(outsideOfCalls(() => stores.getStore())).toBeUndefined();
  });
});

/** A stream whose peer has read nothing of one byte. */
function unreadStream(): PassThrough {
  const stream = new PassThrough({ writableHighWaterMark: 1, readableHighWaterMark: 0 });
  stream.write('a');
  stream.write('b');
  return stream;
}

const connection = { arrivedBytes: 1, waitsForTurn: false, destroy: () => undefined };

/** Starts the timers that outlive a call. Each gives what stops the timer. */
const timers: Record<string, () => () => void> = {
  'of the time limits of calls': () => {
    const watchdog = new Watchdog();
    watchdog.watch({ timeoutMs: HOUR_MS, endsAt: performance.now() + HOUR_MS, isLate: false, expire: () => undefined });
    return () => watchdog;
  },
  'of idle connections of a proxy': () => {
    const timer = new IdleTimer(HOUR_MS, () => undefined);
    timer.used();
    return () => timer.stop();
  },
  'of idle sessions of a daemon': () => {
    const session = { connection: { isGone: true }, isServing: true, requests: { hasUnanswered: false } };
    const timer = new IdleTimeout(session, undefined as never, HOUR_MS);
    timer.restart();
    return () => timer.stop();
  },
  'of unfinished messages': () => {
    const timer = new FrameTimer(connection, { frameTimeoutMs: HOUR_MS });
    timer.restart();
    return () => timer.stop();
  },
  'of unsent bytes': () => {
    const unsent = new UnsentBytes(1_000, HOUR_MS);
    const reader = { socket: unreadStream(), unsentBytes: 1, destroy: () => undefined };
    unsent.note(reader);
    return () => unsent.forget(reader);
  },
  'of messages that wait for room': () => {
    const unserved = new UnservedBytes(1, HOUR_MS, undefined, HOUR_MS);
    const [first, second] = [1, 2].map(() => ({ arrivedBytes: 0, onRoom: () => undefined, destroy: () => undefined }));
    unserved.enter(first!, 1);
    unserved.enter(second!, 1);
    return () => unserved.leave(first!);
  },
  'of sockets that are not read': () => {
    const { stopped } = new ConnectionGroup();
    const idle = { socket: unreadStream(), progress: 0, flow: () => undefined };
    stopped.add(idle);
    return () => stopped.delete(idle);
  },
  'of large blocks, while large messages come': () => {
    const { blocks } = new ConnectionGroup();
    const give = (): void => blocks.give(blocks.take(1024 * 1024));
    give();
    const used = outsideOfCalls(() => setInterval(give, 100));
    return () => clearInterval(used);
  },
  'of the last bytes of a connection': () => {
    const socket = unreadStream();
    new LingeringClose(socket, HOUR_MS).begin();
    return () => socket.destroy();
  },
  'of the leases of a name server': () => {
    const names = new NameTable();
    names.set({ name: 'name', uri: 'PYRO:object@host:1', metadata: undefined, lease: { owner: 'owner', ttlMs: HOUR_MS } });
    return () => names.close();
  },
};

/** Starts a timer in a store. The store is garbage once this has returned. */
function startInStore(start: () => () => void): { store: WeakRef<object>; stop: () => void } {
  const store = { text: 'a request' };
  return { store: new WeakRef(store), stop: stores.run(store, start) };
}

describe('a timer keeps no store of the call that starts it', () => {
  it.each(Object.entries(timers))('the timer %s', async (_, start) => {
    const { store, stop } = startInStore(start);
    try {
      await collectUntil(() => store.deref() === undefined);
      expect(store.deref()).toBeUndefined();
    } finally {
      stop();
    }
  });
});
