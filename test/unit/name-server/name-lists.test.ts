import { afterEach, describe, expect, it, vi } from 'vitest';
import { FLAGS, type PyroNameServer, type PyroNameServerOptions, startNameServer } from '../../../lib/core.js';
import { NameLists } from '../../../lib/name-server/names/name-lists.js';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/names/name-rules.js';
import { MemoryNameStore } from '../../../lib/name-server/store/memory-store.js';
import { PyFrozenSet, pyTuple } from '../../../lib/serpent/index.js';
import { RemoteFailure, ScriptedPeer, valueOf } from '../../../lib/testing/index.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A store with names of which each second one has tags. */
function storeOf(names: number): MemoryNameStore {
  const store = new MemoryNameStore();
  for (let index = 0; index < names; index++) {
    const metadata = index % 2 === 0 ? undefined : new Set(['odd', `tag${index}`]);
    store.put({ name: `name${index}`, uri: `PYRO:o${index}@h:1`, metadata, lease: undefined }, { safe: false, takeover: false });
  }
  return store;
}

async function start(names: number, options: PyroNameServerOptions = {}): Promise<PyroNameServer> {
  const server = await startNameServer({ host: '127.0.0.1', port: 0, storage: storeOf(names), ...options });
  cleanups.push(() => server.close());
  return server;
}

async function join(server: PyroNameServer): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.join(server.daemon.locationStr, 'Pyro.NameServer');
  cleanups.push(() => peer.destroy());
  return peer;
}

const heldBy = ({ daemon }: PyroNameServer): number =>
  daemon.inspect().limits.find(({ name }) => name === 'maxInFlightValueBytes')!.used!;
const ALL = { by: 'all' } as const;

describe.each([
  ['few names', 100],
  ['many names', 2_500],
])('lists of a name server with %s', (_, names) => {
  const lists = new NameLists(storeOf(names), DEFAULT_NAME_LIMITS);

  it('lists of a name server have the URIs in the order of the registrations, and the tags, an empty frozenset for no tags', async () => {
    const plain = await lists.list(ALL, false, undefined);
    expect([...plain]).toEqual(Array.from({ length: names }, (_value, index) => [`name${index}`, `PYRO:o${index}@h:1`]));
    const tagged = await lists.list(ALL, true, undefined);
    expect(tagged.size).toBe(names);
    expect(tagged.get('name1')).toEqual(pyTuple('PYRO:o1@h:1', new Set(['odd', 'tag1'])));
    expect(tagged.get('name2')).toEqual(pyTuple('PYRO:o2@h:1', new PyFrozenSet()));
    expect((tagged.get('name2') as unknown[])[1]).toBeInstanceOf(PyFrozenSet);
  });

  it('lists of a name server have the names of a prefix, of an expression, and of tags', async () => {
    expect([...(await lists.list({ by: 'prefix', prefix: 'name1' }, false, undefined)).keys()]).toContain('name10');
    const matching = await lists.listMatching((name) => name.endsWith('7'), false, undefined);
    expect(matching.size).toBe(names / 10);
    expect((await lists.list({ by: 'tags', tags: ['odd'], match: 'any' }, true, undefined)).size).toBe(names / 2);
    expect((await lists.list({ by: 'tags', tags: ['odd', 'tag3'], match: 'all' }, true, undefined)).size).toBe(1);
    expect((await lists.list({ by: 'tags', tags: ['tag3', 'tag5'], match: 'any' }, true, undefined)).size).toBe(2);
    expect((await lists.list({ by: 'tags', tags: ['none'], match: 'any' }, true, undefined)).size).toBe(0);
  });
});

it('a list of few names is made at once, and others are served while a list of many names is made', async () => {
  const lists = (names: number): NameLists => new NameLists(storeOf(names), DEFAULT_NAME_LIMITS);
  expect(lists(1_000).list(ALL, true, undefined)).toBeInstanceOf(Map);
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 6));
  cleanups.push(() => clock.mockRestore());
  let served = 0;
  let isDone = false;
  const serve = (): void => {
    served++;
    if (!isDone) setImmediate(serve);
  };
  setImmediate(serve);
  await lists(2_000).list(ALL, true, undefined);
  isDone = true;
  expect(served).toBeGreaterThan(1_000);
});

it('a list for which running requests leave no memory is refused, before it is made, naming the limit', async () => {
  const server = await start(2_000, { maxInFlightValueBytes: 100_000 });
  const peer = await join(server);
  peer.invoke('Pyro.NameServer', 'list', [null, null, true]);
  const failure = new RemoteFailure(await peer.next());
  expect(failure.pythonType).toBe('Pyro5.errors.PyroError');
  expect(failure.args[0]).toMatch(
    /the list of names takes \d+ bytes of memory, and running requests leave \d+ of maxInFlightValueBytes \(100000\); try again later/,
  );
  expect(server.daemon.counters.maxInFlightValueBytes).toBe(1);
  expect(await peer.call('Pyro.NameServer', 'count')).toBe(2_001);
  expect(await peer.call('Pyro.NameServer', 'list', 'name11')).toBeInstanceOf(Object);
});

it('lists, removals, batches and oneway calls give the memory of their lists back', async () => {
  const server = await start(2_000);
  const peer = await join(server);
  const count = (value: unknown): number => (value instanceof Map ? value.size : Object.keys(value as object).length);
  expect(count(await peer.call('Pyro.NameServer', 'list', null, null, true))).toBe(2_001);
  expect(count(await peer.call('Pyro.NameServer', 'list', null, 'name.*'))).toBe(2_000);
  expect(count(await peer.call('Pyro.NameServer', 'yplookup', null, ['odd']))).toBe(1_000);
  expect(await peer.call('Pyro.NameServer', 'remove', null, 'name11')).toBe(111);
  expect(await peer.call('Pyro.NameServer', 'remove', null, null, 'name12.*')).toBe(111);
  peer.invoke('Pyro.NameServer', 'list', [], {}, { flags: FLAGS.oneway });
  peer.invoke('Pyro.NameServer', 'yplookup', [null, ['odd']], {}, { flags: FLAGS.oneway });
  const entry = pyTuple('list', pyTuple(), {});
  peer.invoke('Pyro.NameServer', '<batch>', [entry, entry, entry], {}, { flags: FLAGS.batch });
  expect((valueOf(await peer.next()) as unknown[]).map(count)).toEqual([1_779, 1_779, 1_779]);
  expect(await peer.call('Pyro.NameServer', 'count')).toBe(1_779);
  expect(heldBy(server)).toBe(0);
});
