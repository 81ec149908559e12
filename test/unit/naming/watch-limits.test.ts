import { afterEach, describe, expect, it } from 'vitest';
import { expose, type NameEvent, NameServerClient, type NameWatchOptions, NamingError, PyroDaemon } from '../../../lib/core.js';
import { KnownNames } from '../../../lib/naming/known-names.js';
import { DEFAULT_WATCH_LIMITS } from '../../../lib/naming/name-limits.js';
import { limitOf } from '../../../lib/protocol/over-limit.js';

const URI = 'PYRO:o@h:1';

interface Told {
  readonly name: string;
  readonly uri?: string;
  readonly tags?: readonly string[];
}

/** A name server that tells what it is given, for ever: of changes, or in answers to `list`. */
abstract class Teller {
  told = 0;
  constructor(protected readonly names: (index: number) => Told | undefined) {}

  ping(): void {}
  list(..._filter: unknown[]): Map<string, [string, Set<string>]> {
    const answer = new Map<string, [string, Set<string>]>();
    for (let told = this.names(0); told !== undefined; told = this.names(answer.size)) {
      answer.set(told.name, [told.uri ?? URI, new Set(told.tags)]);
    }
    return answer;
  }
}
expose(Teller, 'ping', 'list');

class Polled extends Teller {}
expose(Polled);

class Watched extends Teller {
  *watch(..._filter: unknown[]): Iterable<object> {
    for (let told = this.names(this.told); told !== undefined; told = this.names(++this.told)) {
      yield { change: 'registered', name: told.name, uri: told.uri ?? URI, metadata: new Set(told.tags) };
    }
    yield { change: 'ready' };
    yield { change: 'registered', name: 'wanted', uri: URI, metadata: new Set() };
  }
}
expose(Watched, 'watch');

const textsOf = (...events: (NameEvent | undefined)[]): string[] =>
  events.flatMap((event) => {
    if (event === undefined) return [];
    return event.kind === 'removed' ? `removed ${event.name}` : `registered ${event.name} ${event.uri}`;
  });

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connect(teller: Teller): Promise<NameServerClient> {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', logger: false });
  cleanups.push(() => daemon.close());
  const client = await NameServerClient.at(daemon.register(teller, 'Pyro.NameServer'));
  cleanups.push(() => client.release());
  return client;
}

/** Reads the watch until it fails. */
async function failureOf(teller: Teller, options: NameWatchOptions): Promise<{ error: Error; events: number }> {
  const client = await connect(teller);
  let events = 0;
  try {
    for await (const { kind } of client.watch(options)) events += kind === 'registered' ? 1 : 0;
  } catch (error) {
    return { error: error as Error, events };
  }
  return expect.unreachable('the watch has ended without an error');
}

const each = (told: Omit<Told, 'name'>) => (index: number) => (index < 1_000 ? { name: `n${index}`, ...told } : undefined);
const EXCESSES: [string, (index: number) => Told | undefined, NameWatchOptions['limits'], string, number][] = [
  ['maxNames', each({}), { maxNames: 3 }, '4 names, over limits.maxNames (3) of the watch', 3],
  ['maxHeldBytes', each({}), { maxHeldBytes: 1_200 }, 'bytes in 4 names, over limits.maxHeldBytes (1200)', 3],
  ['maxNameLength', () => ({ name: 'n'.repeat(1_001) }), {}, '1001 characters in a name, over limits.maxNameLength (1000)', 0],
  ['maxUriLength', each({ uri: URI.padEnd(4_001, '1') }), {}, '4001 characters in a uri, over limits.maxUriLength (4000)', 0],
  ['maxTags', each({ tags: ['a', 'b'] }), { maxTags: 1 }, '2 metadata tags of a name, over limits.maxTags (1)', 0],
  [
    'maxTagLength',
    each({ tags: ['abc'] }),
    { maxTagLength: 2 },
    '3 characters in a metadata tag, over limits.maxTagLength (2)',
    0,
  ],
  [
    'maxTagsLength',
    each({ tags: ['abc', 'def'] }),
    { maxTagsLength: 5 },
    '6 characters in all metadata tags of a name, over limits.maxTagsLength (5)',
    0,
  ],
];

describe.each([
  ['a name server that tells of changes', Watched],
  ['a name server that is polled', Polled],
])('%s', (_, Server) => {
  it.each(EXCESSES)(
    'a watch that goes over %s ends with an error that names the limit',
    async (limit, names, limits, text, count) => {
      let told = 0;
      // an answer of `list` ends
      const some = (index: number): Told | undefined => (Server === Polled && told++ >= 10 ? undefined : names(index));
      const { error, events } = await failureOf(new Server(some), { limits });
      expect(error).toBeInstanceOf(NamingError);
      expect(error.message).toContain(text);
      expect(error.message).toContain('watch fewer names by prefix or tags, or raise the limit');
      expect(limitOf(error)).toBe(limit);
      expect(events).toBe(count);
    },
  );

  it('a watch gives and holds no name without its prefix', async () => {
    const teller = new Server((index) => (index < 20 ? { name: index === 19 ? 'lab.x' : `other.${index}` } : undefined));
    const client = await connect(teller);
    const watch = client.watch({ prefix: 'lab.', limits: { maxNames: 1 } });
    expect((await watch.next()).value).toMatchObject({ name: 'lab.x' });
    await watch.return();
  });
});

it('a watch that gets ever new names gives them, and ends before the list of the first names is over', async () => {
  const teller = new Watched((index) => ({ name: `n${index}` }));
  const { error, events } = await failureOf(teller, { limits: { maxNames: 200 } });
  expect(error.message).toContain('over limits.maxNames (200)');
  expect(events).toBe(200);
  expect(teller.told).toBeLessThan(210);
});

it('a name that changes for ever is held once', async () => {
  const teller = new Watched((index) => (index < 500 ? { name: 'same', uri: `PYRO:o${index}@h:1` } : undefined));
  const client = await connect(teller);
  const watch = client.watch({ limits: { maxNames: 2, maxHeldBytes: 2_000 } });
  const names = new Set<string>();
  for await (const { name } of watch) {
    names.add(name);
    if (name === 'wanted') break;
  }
  expect(names).toEqual(new Set(['same', 'wanted']));
});

it('waitFor holds no other names: a stranger who registers many that begin the same ends no wait', async () => {
  const teller = new Watched((index) => (index < 300 ? { name: `wanted${'x'.repeat(1_500)}${index}` } : undefined));
  const client = await connect(teller);
  expect(String(await client.waitFor('wanted'))).toBe(URI);
});

it('a list that breaks off is told with the next one: first the names that are gone, then the new ones', () => {
  const known = new KnownNames(DEFAULT_WATCH_LIMITS, () => true);
  const register = (name: string, uri = URI): string[] => textsOf(known.registered(name, { uri, metadata: new Set() }));
  const end = (): string[] => textsOf(...known.endList());
  known.beginList();
  expect([...register('stays'), ...register('goes'), ...register('changes')]).toHaveLength(3);
  expect(end()).toEqual([]);
  expect(end()).toEqual([]);
  known.beginList();
  expect([...register('comes'), ...register('comes and goes'), ...register('changes', `${URI}2`)]).toEqual([]);
  known.beginList();
  for (const name of ['comes', 'stays']) expect(register(name)).toEqual([]);
  expect(register('changes', `${URI}2`)).toEqual([]);
  expect(end()).toEqual(['removed goes', `registered comes ${URI}`, `registered changes ${URI}2`]);
  expect(register('later')).toEqual([`registered later ${URI}`]);
  expect(textsOf(known.removed('later'), known.removed('later'))).toEqual(['removed later']);
});

it('a wrong limit of a watch is refused by its name', async () => {
  const client = await connect(new Watched(() => undefined));
  await expect(client.watch({ limits: { maxNames: -1 } }).next()).rejects.toThrow('limits.maxNames is -1');
  await expect(client.watch({ limits: { maxName: 1 } as never }).next()).rejects.toThrow('did you mean maxNames?');
});

it.each([
  ['a watched', Watched],
  ['a polled', Polled],
])('waitFor takes texts of any length from %s name server, since it holds one name', async (_, Kind) => {
  const uri = `PYRO:${'o'.repeat(5_000)}@h:1`;
  const tags = Array.from({ length: 101 }, (__, index) => `tag ${index}`);
  const client = await connect(new Kind((index) => (index === 0 ? { name: 'long', uri, tags } : undefined)));
  expect(String(await client.waitFor('long', { timeoutMs: 60_000 }))).toBe(uri);
});
