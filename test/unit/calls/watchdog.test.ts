import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it, vi } from 'vitest';
import { MAX_TIMER_MS, type TimeLimit, Watchdog } from '../../../lib/calls/watchdog.js';
import { blockEventLoop } from '../../event-loop.js';

class Limit implements TimeLimit {
  isLate = false;
  readonly begunAt = performance.now();
  endsAt: number;
  readonly over: Promise<number>;
  private tell!: (tookMs: number) => void;

  constructor(readonly timeoutMs: number) {
    this.endsAt = this.begunAt + timeoutMs;
    this.over = new Promise((resolve) => (this.tell = resolve));
  }

  expire(): void {
    this.tell(performance.now() - this.begunAt);
  }
}

function watched(watchdog: Watchdog, timeoutMs: number): Limit {
  const limit = new Limit(timeoutMs);
  watchdog.watch(limit);
  return limit;
}

it('a watchdog ends each of many limits after its own time, whatever the order in which they begin', async () => {
  const watchdog = new Watchdog(true);
  const ended: number[] = [];
  const lengths = Array.from({ length: 200 }, (_, n) => 20 + ((n * 37) % 100));
  await Promise.all(
    lengths.map(async (timeoutMs) => {
      const tookMs = await watched(watchdog, timeoutMs).over;
      ended.push(timeoutMs);
      expect(tookMs).toBeGreaterThanOrEqual(timeoutMs);
    }),
  );
  expect(ended).toHaveLength(lengths.length);
});

it('a watchdog ends no limit that was forgotten, and ends the others', async () => {
  const watchdog = new Watchdog(true);
  const limits = Array.from({ length: 20 }, (_, n) => watched(watchdog, 10 + n));
  const remaining = limits.filter((_, n) => n % 2 === 1);
  const forgotten = limits.filter((limit) => !remaining.includes(limit));
  let early = 0;
  for (const limit of forgotten) {
    void limit.over.then(() => early++);
    watchdog.forget(limit);
  }
  await Promise.all(remaining.map((limit) => limit.over));
  expect(early).toBe(0);
});

it('a watchdog needs one timer for any number of limits of the same length', () => {
  const watchdog = new Watchdog();
  let timers = 0;
  const hook = createHook({ init: (_, type) => void (type === 'Timeout' && timers++) }).enable();
  for (let n = 0; n < 1_000; n++) {
    const limit = watched(watchdog, 60_000);
    if (n % 2 === 0) watchdog.forget(limit);
  }
  hook.disable();
  expect(timers).toBe(1);
});

it('a limit that ends while the event loop is blocked lets the loop take what has arrived before', async () => {
  const watchdog = new Watchdog(true);
  const events: string[] = [];
  let limit: Limit | undefined;
  const server = createServer((socket) => {
    limit = watched(watchdog, 20);
    void limit.over.then(() => events.push('over'));
    socket.end('arrived');
    blockEventLoop(21);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'data');
  events.push('arrived');
  await limit!.over;
  expect(events).toEqual(['arrived', 'over']);
  server.close();
});

it('a limit that ends while the event loop is blocked gets as much time as the loop was late, but no more than its own length', async () => {
  const watchdog = new Watchdog(true);
  const [short, long] = [watched(watchdog, 20), watched(watchdog, 100)];
  blockEventLoop(150);
  expect(await short.over).toBeGreaterThanOrEqual(150 + 20);
  expect(await long.over).toBeGreaterThanOrEqual(150 + 50);
});

it('a limit that throws when it ends does not keep others from ending', async () => {
  const watchdog = new Watchdog(true);
  const faulty = new Limit(10);
  faulty.expire = () => {
    throw new Error('faulty');
  };
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  watchdog.watch(faulty);
  const others = [watched(watchdog, 10), watched(watchdog, 10)];
  expect(await thrown).toMatchObject({ message: 'faulty' });
  await Promise.all(others.map((limit) => limit.over));
  for (const listener of listeners) process.on('uncaughtException', listener);
});

it('a limit beyond the longest timer of Node starts a timer that does not fire at once', () => {
  const delays: (number | undefined)[] = [];
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((_: () => void, ms?: number) => {
    delays.push(ms);
    return { unref: () => undefined };
  }) as never);
  try {
    const watchdog = new Watchdog();
    watched(watchdog, MAX_TIMER_MS + 30_000);
  } finally {
    vi.restoreAllMocks();
  }
  expect(delays).toEqual([MAX_TIMER_MS]);
});
