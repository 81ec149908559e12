import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { chooserAt, registrarAt } from '../../../lib/transport/sockets/host-choosers.js';
import { HostLookups } from '../../../lib/transport/sockets/host-lookups.js';
import { lookupOf } from '../../../lib/transport/sockets/socket-lookup.js';

afterEach(() => vi.useRealTimers());

type Found = { address: string; family: number }[];
const FOUND: Found = [{ address: '192.0.2.7', family: 4 }];

/** Lookups that end when the test says so. */
class Resolver {
  readonly asked: string[] = [];
  running = 0;
  mostRunning = 0;
  private readonly ends = new Map<string, (outcome: Found | Error) => void>();

  readonly lookUp = (host: string): Promise<Found> => {
    this.asked.push(host);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    return new Promise((resolve, reject) => {
      this.ends.set(host, (outcome) => {
        this.running--;
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      });
    });
  };

  /** Ends a lookup, and waits until the next one had its turn. */
  async end(host: string, outcome: Found | Error = FOUND): Promise<void> {
    this.ends.get(host)!(outcome);
    await nextTurn();
    await nextTurn();
  }
}

const made = (mostRunning = 1) => {
  const resolver = new Resolver();
  return { resolver, lookups: new HostLookups(resolver.lookUp, mostRunning) };
};
const MALLORY = { name: '10.0.0.66', maxHostLookups: 3 };
const ALICE = { name: '10.0.0.1', maxHostLookups: 3 };
const ignored = (work: Promise<unknown>): void => void work.catch(() => undefined);

it('one name of all peers is looked up at a time, and the peers take turns', async () => {
  const { resolver, lookups } = made();
  const slow = ['a', 'b', 'c'].map((host) => lookups.lookUp(host, MALLORY));
  const honest = lookups.lookUp('alice', ALICE);
  expect(resolver.asked).toEqual(['a']);
  expect(lookups.largest).toEqual({ used: 3, usedBy: '10.0.0.66' });
  for (const host of ['a', 'alice', 'b', 'c']) await resolver.end(host);
  expect(await honest).toEqual(FOUND);
  await Promise.all(slow);
  expect(resolver).toMatchObject({ asked: ['a', 'alice', 'b', 'c'], mostRunning: 1 });
  expect(lookups.largest).toEqual({ used: 0, usedBy: undefined });
});

it('more names are looked up with more threads of libuv, and one thread is always left to the program', async () => {
  const mostWith = async (threads: string | undefined): Promise<number> => {
    vi.stubEnv('UV_THREADPOOL_SIZE', threads);
    const resolver = new Resolver();
    const lookups = new HostLookups(resolver.lookUp);
    vi.unstubAllEnvs();
    for (let i = 0; i < 10; i++) ignored(lookups.lookUp(`h${i}`, { name: 'one' }));
    return resolver.mostRunning;
  };
  expect(await Promise.all([undefined, '1', '4', '8', '16', 'many'].map(mostWith))).toEqual([1, 1, 1, 3, 7, 1]);
});

it('a peer over maxHostLookups is refused at once, and others are not', async () => {
  const { lookups } = made();
  for (const host of ['a', 'b', 'c']) ignored(lookups.lookUp(host, MALLORY));
  await expect(lookups.lookUp('d', MALLORY)).rejects.toMatchObject({
    code: 'COMMUNICATION',
    sent: false,
    limit: 'maxHostLookups',
    message:
      'too many host names of 10.0.0.66 wait to be looked up (maxHostLookups is 3); give an IP address in the URI, or try again later',
  });
  // a name that it asks for already is one name
  ignored(lookups.lookUp('B', MALLORY));
  ignored(lookups.lookUp('d', ALICE));
  expect(lookups.largest).toEqual({ used: 3, usedBy: '10.0.0.66' });
});

it('names without a limit neither refuse a peer nor are shown as its names', async () => {
  const { resolver, lookups } = made();
  for (const host of ['a', 'b', 'c', 'd']) ignored(lookups.lookUp(host, { name: MALLORY.name }));
  expect(lookups.largest).toEqual({ used: 0, usedBy: undefined });
  const end = new AbortController();
  for (const host of ['e', 'f', 'g']) ignored(lookups.lookUp(host, MALLORY, end.signal));
  await expect(lookups.lookUp('h', MALLORY)).rejects.toThrow('maxHostLookups is 3');
  expect(lookups.largest).toEqual({ used: 3, usedBy: MALLORY.name });
  for (const host of ['a', 'b', 'c', 'd', 'e']) await resolver.end(host);
  expect(lookups.largest).toEqual({ used: 2, usedBy: MALLORY.name });
  end.abort();
  await resolver.end('f');
  expect(lookups.largest).toEqual({ used: 0, usedBy: undefined });
});

it('names that a name server gave have a turn besides those of clients at its address', async () => {
  const { resolver, lookups } = made();
  const clients = ['a', 'b', 'c'].map((host) => lookups.lookUp(host, chooserAt('10.0.0.66:5', 3)));
  const camera = lookups.lookUp('camera', registrarAt('10.0.0.66:9090'));
  for (const host of ['a', 'camera']) await resolver.end(host);
  expect(await camera).toEqual(FOUND);
  for (const host of ['b', 'c']) await resolver.end(host);
  await Promise.all(clients);
  expect(resolver.asked).toEqual(['a', 'camera', 'b', 'c']);
});

it('many addresses together have a bounded queue, and names without a limit have room after it', async () => {
  const { lookups } = made();
  const refusals: Error[] = [];
  for (let i = 0; i < 1_001; i++)
    lookups
      .lookUp(`h${i}`, { name: `10.0.${i >> 8}.${i & 255}`, maxHostLookups: 3 })
      .catch((error: Error) => refusals.push(error));
  await Promise.resolve();
  expect(refusals).toEqual([]);
  await expect(lookups.lookUp('one-more', MALLORY)).rejects.toThrow(
    '1000 host names of all peers wait to be looked up, a fixed limit; give an IP address in the URI, or try again later',
  );
  const unlimited = lookups.lookUp('registered', { name: 'name server' });
  expect(await Promise.race([unlimited.catch(() => 'refused'), Promise.resolve('waits')])).toBe('waits');
});

it('a host of more than 255 characters is refused before anything is looked up, and one of 255 is not', async () => {
  const { resolver, lookups } = made();
  await expect(lookups.lookUp('\u4e00'.repeat(256), { name: 'autoclean' })).rejects.toMatchObject({
    code: 'COMMUNICATION',
    sent: false,
    message: `cannot look up ${'\u4e00'.repeat(200)}…: the host has 256 characters, and names of hosts have 255 at most; use a shorter one, or an IP address`,
  });
  ignored(lookups.lookUp('\u4e00'.repeat(255), MALLORY));
  expect(resolver.asked).toEqual(['\u4e00'.repeat(255)]);
});

it('each lookup begins in a turn of the event loop of its own, also when all fail at once', async () => {
  let turn = 0;
  const count = (): void => {
    turn++;
    timer = setImmediate(count);
  };
  let timer = setImmediate(count);
  const turns: number[] = [];
  const fail = (): never => {
    turns.push(turn);
    throw new Error('fails at once');
  };
  const lookups = new HostLookups(fail, 1);
  const work = Array.from({ length: 50 }, (_, i) => lookups.lookUp(`h${i}`, { name: `10.0.0.${i % 3}` }));
  const outcomes = await Promise.allSettled(work);
  clearImmediate(timer);
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
  expect(new Set(turns).size).toBe(50);
});

it('a name that nobody waits for any more is not looked up', async () => {
  const { resolver, lookups } = made();
  const end = new AbortController();
  const given = ['a', 'b', 'c'].map((host) => lookups.lookUp(host, MALLORY, end.signal));
  const stays = lookups.lookUp('c', MALLORY);
  end.abort(new Error('gave up'));
  for (const work of given) await expect(work).rejects.toThrow('gave up');
  await expect(lookups.lookUp('d', MALLORY, end.signal)).rejects.toThrow('gave up');
  expect(lookups.largest.used).toBe(2);
  await resolver.end('a');
  expect(resolver.asked).toEqual(['a', 'c']);
  await resolver.end('c');
  expect(await stays).toEqual(FOUND);
});

it('a name that was given up while it is looked up still holds its turn, and a retry waits for the same lookup', async () => {
  const { resolver, lookups } = made();
  const end = new AbortController();
  const given = lookups.lookUp('a', MALLORY, end.signal);
  end.abort(new Error('gave up'));
  await expect(given).rejects.toThrow('gave up');
  const again = lookups.lookUp('a', MALLORY);
  const other = lookups.lookUp('a', ALICE);
  ignored(lookups.lookUp('b', ALICE));
  expect(resolver.asked).toEqual(['a']);
  await resolver.end('a');
  expect(await Promise.all([again, other])).toEqual([FOUND, FOUND]);
  expect(resolver.asked).toEqual(['a', 'b']);
});

it('a name that another peer waits for, too, has a turn of each', async () => {
  const { resolver, lookups } = made();
  const mallory = ['a', 'b', 'alice'].map((host) => lookups.lookUp(host, MALLORY));
  const alice = lookups.lookUp('alice', ALICE);
  await resolver.end('a');
  await resolver.end('alice');
  expect(await alice).toEqual(FOUND);
  await resolver.end('b');
  await resolver.end('alice');
  await Promise.all(mallory);
  expect(resolver.asked).toEqual(['a', 'alice', 'b', 'alice']);
});

it('slow lookups, also those that failed, are not repeated for 5 s, and fast ones are', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const { resolver, lookups } = made();
  const failure = Object.assign(new Error('try again'), { code: 'EAI_AGAIN' });
  const failing = lookups.lookUp('a', MALLORY);
  ignored(failing);
  vi.advanceTimersByTime(1_000);
  await resolver.end('a', failure);
  await expect(failing).rejects.toThrow('try again');
  await expect(lookups.lookUp('A', ALICE)).rejects.toThrow('try again');
  const slow = lookups.lookUp('b', MALLORY);
  vi.advanceTimersByTime(1_000);
  await resolver.end('b');
  await slow;
  expect(await lookups.lookUp('b', MALLORY)).toEqual(FOUND);
  for (const outcome of [FOUND, failure, FOUND]) {
    const fast = lookups.lookUp('c', MALLORY).catch((error: unknown) => error);
    vi.advanceTimersByTime(999);
    await resolver.end('c', outcome);
    expect(await fast).toBe(outcome);
  }
  expect(resolver.asked).toEqual(['a', 'b', 'c', 'c', 'c']);
  vi.advanceTimersByTime(5_000);
  for (const host of ['a', 'b']) {
    ignored(lookups.lookUp(host, MALLORY));
    await resolver.end(host);
  }
  expect(resolver.asked).toEqual(['a', 'b', 'c', 'c', 'c', 'a', 'b']);
});

it('a lookup that throws at once, as Node 26 does for a zero byte, fails as another, and the next one has its turn', async () => {
  const lookups = new HostLookups((host) => {
    if (host.includes('\0')) throw new TypeError('without null bytes');
    return Promise.resolve(FOUND);
  }, 1);
  const bad = lookups.lookUp('a\0b', MALLORY);
  const good = lookups.lookUp('a', MALLORY);
  await expect(bad).rejects.toThrow('without null bytes');
  expect(await good).toEqual(FOUND);
});

it('IP addresses and localhost are not looked up', async () => {
  const { resolver, lookups } = made();
  expect(await lookups.lookUp('192.0.2.1', MALLORY)).toEqual([{ address: '192.0.2.1', family: 4 }]);
  expect(await lookups.lookUp('fe80::1', MALLORY)).toEqual([{ address: 'fe80::1', family: 6 }]);
  expect((await lookups.lookUp('LocalHost', MALLORY)).map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
  expect(resolver.asked).toEqual([]);
});

it('a socket gets the addresses of the version of IP that it asks for', async () => {
  const both = [...FOUND, { address: '2001:db8::7', family: 6 }];
  const answerTo = (options: object): Promise<unknown[]> =>
    new Promise((resolve) => lookupOf(both)('host', options, (...answer) => resolve(answer)));
  expect(await answerTo({ all: true })).toEqual([null, both]);
  expect(await answerTo({ all: true, family: 6 })).toEqual([null, both.slice(1)]);
  expect(await answerTo({})).toEqual([null, '192.0.2.7', 4]);
  expect(await answerTo({ family: 'IPv6' })).toEqual([null, '2001:db8::7', 6]);
  expect(await new Promise((resolve) => lookupOf(FOUND)('host', { family: 6 }, resolve))).toMatchObject({ code: 'ENOTFOUND' });
});

it('a network of 64 bits is one peer', () => {
  expect(chooserAt('[2001:db8:1:2::9]:5', 3)).toEqual({ name: '2001:db8:1:2::/64', maxHostLookups: 3 });
  expect(chooserAt('[::ffff:10.0.0.1]:5', 3)).toEqual({ name: '10.0.0.1', maxHostLookups: 3 });
  expect(chooserAt('./u:/run/socket', undefined)).toEqual({ name: './u:/run/socket', maxHostLookups: undefined });
});
