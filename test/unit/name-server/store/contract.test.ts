import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type {
  NameChange,
  NameLease,
  NameRecord,
  NameSelection,
  NameStore,
  NamePutOptions,
  NameRemoveOptions,
  NameSetMetadataOptions,
} from '../../../../lib/name-server/store/name-store.js';
import { STORE_KINDS, type StorePlace } from './stores.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 60);

/** An operation on a store. */
type Operation =
  | { readonly kind: 'put'; readonly record: NameRecord; readonly options: NamePutOptions }
  | {
      readonly kind: 'setMetadata';
      readonly name: string;
      readonly metadata: ReadonlySet<string> | undefined;
      readonly options: NameSetMetadataOptions;
    }
  | { readonly kind: 'remove'; readonly names: string[]; readonly options: NameRemoveOptions }
  | { readonly kind: 'renew'; readonly owner: string; readonly names: string[] }
  | { readonly kind: 'get'; readonly name: string }
  | { readonly kind: 'list'; readonly selection: NameSelection }
  /** Removes the registration that the last `get` of the name has given. */
  | { readonly kind: 'removeUnchanged'; readonly name: string }
  | { readonly kind: 'count' }
  | { readonly kind: 'bytes' };

const TEXTS = [
  '',
  'lab',
  'lab.a',
  'lab.b',
  'Lab.a',
  'lab%',
  'lab_',
  'la',
  '__proto__',
  'ü',
  '€',
  '\u{10FFFF}',
  '\u{10FFFF}x',
  '\u{D7FF}',
  'a\0b',
  '"\'\\/\n\x7f',
  '1e9',
];
const text = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
);
const tags = fc.option(
  fc.uniqueArray(text, { maxLength: 3 }).map((list) => new Set(list)),
  { nil: undefined },
);
const owner = fc.constantFrom('one', 'two', '');
const lease: fc.Arbitrary<NameLease | undefined> = fc.option(fc.record({ owner, ttlMs: fc.constantFrom(1_800_000, 3_600_000) }), {
  nil: undefined,
});
const uri = fc.constantFrom('PYRO:a@h:1', 'PYRO:ü@[::1]:2', 'PYRONAME:"\\');
const record: fc.Arbitrary<NameRecord> = fc.record({ name: text, uri, metadata: tags, lease });
const names = fc.array(text, { maxLength: 4 });
const selection: fc.Arbitrary<NameSelection> = fc.oneof(
  fc.constant({ by: 'all' } as const),
  fc.record({ by: fc.constant('prefix' as const), prefix: text }),
  fc.record({
    by: fc.constant('tags' as const),
    tags: fc.array(text, { minLength: 1, maxLength: 3 }),
    match: fc.constantFrom('all' as const, 'any' as const),
  }),
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      record,
      options: fc.record({ safe: fc.boolean(), takeover: fc.boolean() }),
    }),
  },
  fc.record({
    kind: fc.constant('setMetadata' as const),
    name: text,
    metadata: tags,
    options: fc.record({ takeover: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('remove' as const),
    names,
    options: fc.record({ owner, takeover: fc.boolean() }, { requiredKeys: ['takeover'] }),
  }),
  fc.record({ kind: fc.constant('renew' as const), owner, names }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('get' as const), name: text }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('removeUnchanged' as const), name: text }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('list' as const), selection }) },
  fc.record({ kind: fc.constant('count' as const) }),
  fc.record({ kind: fc.constant('bytes' as const) }),
);

/** The registrations as a list, and every rule in the words of the interface. */
class Model {
  private records: NameRecord[] = [];
  private readonly given = new Map<string, NameRecord | undefined>();
  readonly changes: NameChange[] = [];

  answer(given: Operation): unknown {
    switch (given.kind) {
      case 'put': {
        const { record: next, options } = given;
        const current = this.find(next.name);
        const isOwner = current?.lease !== undefined && current.lease.owner === next.lease?.owner;
        if (current && !isOwner && options.safe) return current;
        if (current?.lease && !isOwner && !options.takeover) {
          // no lease is overdue within a run
          const saysTheSame = !next.lease && current.uri === next.uri && tagsOf(current) === tagsOf(next);
          return saysTheSame ? undefined : current;
        }
        this.set(next);
        return undefined;
      }
      case 'setMetadata': {
        const current = this.find(given.name);
        if (!current) return 'unknown';
        if (current.lease && !given.options.takeover) return 'held';
        this.set({ ...current, metadata: given.metadata });
        return 'done';
      }
      case 'remove': {
        const { owner: by, takeover } = given.options;
        const removed = [...new Set(given.names)].filter((name) => {
          const current = this.find(name);
          return current && (current.lease === undefined || takeover || current.lease.owner === by);
        });
        this.records = this.records.filter(({ name }) => !removed.includes(name));
        for (const name of removed) this.changes.push({ kind: 'removed', name });
        return removed.length;
      }
      case 'renew':
        return given.names.filter((name) => this.find(name)?.lease?.owner !== given.owner);
      case 'get':
        this.given.set(given.name, this.find(given.name));
        return this.find(given.name);
      case 'removeUnchanged': {
        const last = this.given.get(given.name);
        if (last === undefined || this.find(given.name) !== last) return false;
        this.records = this.records.filter((one) => one !== last);
        this.changes.push({ kind: 'removed', name: given.name });
        return true;
      }
      case 'bytes':
        return this.records.reduce((sum, one) => sum + sizeOf(one), 0);
      case 'list':
        return this.records.filter((one) => isSelected(one, given.selection));
      case 'count':
        return this.records.length;
    }
  }

  private find(name: string): NameRecord | undefined {
    return this.records.find((one) => one.name === name);
  }

  private set(next: NameRecord): void {
    const index = this.records.findIndex(({ name }) => name === next.name);
    if (index < 0) this.records.push(next);
    else this.records[index] = next;
    this.changes.push({ kind: 'registered', record: next });
  }
}

function sizeOf(one: NameRecord): number {
  const textBytes = (given: string): number => {
    const utf8 = Buffer.from(given).length;
    if (given.includes('\0')) return 2 * utf8;
    const points = Array.from(given, (character) => character.codePointAt(0)!);
    return points.some((point) => point > 255) ? 2 * Math.max(points.length, Math.floor(utf8 / 2)) : points.length;
  };
  const tagBytes = [...(one.metadata ?? [])].map((tag) => 85 + textBytes(tag));
  const leaseBytes = one.lease === undefined ? 0 : 80 + textBytes(one.lease.owner);
  return 200 + textBytes(one.name) + textBytes(one.uri) + leaseBytes + tagBytes.reduce((sum, bytes) => sum + bytes, 0);
}

const tagsOf = ({ metadata }: NameRecord): string => JSON.stringify([...(metadata ?? [])].sort());

function isSelected({ name, metadata = new Set<string>() }: NameRecord, given: NameSelection): boolean {
  if (given.by === 'all') return true;
  if (given.by === 'prefix') return name.slice(0, given.prefix.length) === given.prefix;
  return given.match === 'all' ? given.tags.every((tag) => metadata.has(tag)) : given.tags.some((tag) => metadata.has(tag));
}

/** @param kept the last answers to `get` */
async function answerOf(store: NameStore, given: Operation, kept: Map<string, NameRecord | undefined>): Promise<unknown> {
  switch (given.kind) {
    case 'put':
      return store.put(given.record, given.options);
    case 'setMetadata':
      return store.setMetadata(given.name, given.metadata, given.options);
    case 'remove':
      return store.remove(given.names, given.options);
    case 'renew':
      return store.renew(given.owner, given.names);
    case 'get': {
      const answer = await store.get(given.name);
      kept.set(given.name, answer);
      return answer;
    }
    case 'removeUnchanged': {
      const last = kept.get(given.name);
      return last !== undefined && store.removeUnchanged(last);
    }
    case 'bytes':
      return store.bytes();
    case 'list':
      return store.list(given.selection);
    case 'count':
      return store.count();
  }
}

const byName = (one: NameRecord, other: NameRecord): number => (one.name < other.name ? -1 : 1);

/** The same form for equal values. */
function plain(value: unknown, tellsNoTags: boolean, isSorted = false): unknown {
  if (Array.isArray(value)) {
    const items = isSorted ? [...(value as NameRecord[])].sort(byName) : value;
    return items.map((item) => plain(item, tellsNoTags));
  }
  if (typeof value !== 'object' || value === null) return value;
  if ('kind' in value) {
    const change = value as NameChange;
    return change.kind === 'removed' ? change : { kind: change.kind, record: plain(change.record, tellsNoTags) };
  }
  const { metadata, ...rest } = value as NameRecord;
  const known = metadata ?? (tellsNoTags ? undefined : new Set<string>());
  return { ...rest, metadata: known && [...known].sort() };
}

describe.each(Object.keys(STORE_KINDS))('a store of the kind %s', (kind) => {
  let place: StorePlace;
  beforeAll(async () => {
    place = await STORE_KINDS[kind]!();
  });
  afterAll(() => place.close());

  it('a store answers random operations as the interface says, and tells of each change', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
        const store = await place.empty();
        const model = new Model();
        const changes: NameChange[] = [];
        const kept = new Map<string, NameRecord | undefined>();
        store.watch((change) => void changes.push(change));
        try {
          for (const given of operations) {
            // a search by tags gives the names in any order
            const isSorted = given.kind === 'list' && given.selection.by === 'tags';
            const answer = await answerOf(store, given, kept);
            expect(plain(answer, place.tellsNoTags, isSorted)).toEqual(plain(model.answer(given), place.tellsNoTags, isSorted));
          }
          await expect.poll(() => changes.length).toBe(model.changes.length);
          expect(plain(changes, place.tellsNoTags)).toEqual(plain(model.changes, place.tellsNoTags));
        } finally {
          await store.close();
        }
      }),
      { numRuns: RUNS },
    );
  }, 600_000);

  const PUT: NamePutOptions = { safe: false, takeover: false };
  const leased = (name: string, ttlMs: number): NameRecord => ({
    name,
    uri: 'PYRO:a@h:1',
    metadata: new Set(['tag']),
    lease: { owner: 'one', ttlMs },
  });

  it('a store ends a lease that is not renewed, tells so, and gives the name to the next one', async () => {
    const store = await place.empty();
    const changes: string[] = [];
    store.watch((change) => void changes.push(`${change.kind} ${change.kind === 'removed' ? change.name : change.record.name}`));
    await store.put(leased('ends', 1_000), PUT);
    await store.put(leased('stays', 60_000), PUT);
    await expect.poll(() => changes).toEqual(['registered ends', 'registered stays', 'removed ends']);
    expect(await store.get('ends')).toBeUndefined();
    expect(await store.count()).toBe(1);
    expect(await store.renew('one', ['ends', 'stays'])).toEqual(['ends']);
    expect(
      await store.put(
        { ...leased('ends', 60_000), uri: 'PYRO:b@h:1', lease: { owner: 'two', ttlMs: 60_000 } },
        { safe: true, takeover: false },
      ),
    ).toBeUndefined();
    await store.close();
  });

  it('a store keeps the lease of a name that another program registers again as it is, without a lease', async () => {
    const store = await place.empty();
    const changes: NameChange[] = [];
    const held = leased('held', 60_000);
    await store.put(held, PUT);
    store.watch((change) => void changes.push(change));
    expect(await store.put({ ...held, lease: undefined }, PUT)).toBeUndefined();
    expect(await store.put({ ...held, lease: undefined, uri: 'PYRO:evil@h:1' }, PUT)).toEqual(held);
    expect(await store.put({ ...held, lease: undefined, metadata: new Set(['evil']) }, PUT)).toEqual(held);
    expect(await store.put({ ...held, lease: { owner: 'two', ttlMs: 60_000 } }, PUT)).toEqual(held);
    expect(await store.setMetadata('held', new Set(), { takeover: false })).toBe('held');
    expect(await store.renew('one', ['held'])).toEqual([]);
    expect(await store.get('held')).toEqual(held);
    await store.put({ ...held, name: 'end' }, PUT);
    await expect.poll(() => changes).toHaveLength(1);
    await store.close();
  });

  it('a store gives the name of a program that no longer renews its lease to its next process at the same address, before the lease ends', async () => {
    const store = await place.empty();
    const removed: string[] = [];
    store.watch((change) => void (change.kind === 'removed' && removed.push(change.name)));
    // on a busy machine the lease may have ended before it was looked at: then a longer one tells
    for (let ttlMs = 2_000; ttlMs <= 32_000; ttlMs *= 2) {
      const old = leased(`overdue ${ttlMs}`, ttlMs);
      const next = { ...old, lease: { owner: 'two', ttlMs: 60_000 }, metadata: new Set(['next']) };
      await store.put(old, PUT);
      expect(await store.put(next, PUT)).toEqual(old);
      await expect.poll(() => store.put(next, PUT), { timeout: 60_000 }).toBeUndefined();
      if (removed.includes(old.name)) continue;
      expect(await store.get(old.name)).toEqual(next);
      expect(await store.renew('one', [old.name])).toEqual([old.name]);
      await store.close();
      return;
    }
    expect.unreachable('the name was free only after the lease had ended');
  });

  it('a store ends no lease because its process stood still, so that the owner could not renew the lease', async () => {
    const store = await place.empty();
    await store.put(leased('stays', 3_000), PUT);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_500);
    // timers come first: the store looks at its leases
    await new Promise((resolve) => setTimeout(resolve));
    expect(await store.get('stays')).toMatchObject({ name: 'stays' });
    expect(await store.renew('one', ['stays'])).toEqual([]);
    await store.close();
  });

  describe('on a machine whose clock is set', () => {
    const { now } = Date;
    afterEach(() => void (Date.now = now));
    const setClock = (byMs: number): void => void (Date.now = () => now() + byMs);
    const DAY_MS = 86_400_000;

    it('a store ends no lease early, and keeps none for ever', async () => {
      const store = await place.empty();
      const removed: string[] = [];
      store.watch((change) => void (change.kind === 'removed' && removed.push(change.name)));
      await store.put(leased('stays', 60_000), PUT);
      await store.put(leased('ends', 1_000), PUT);
      setClock(DAY_MS);
      expect(await store.get('stays')).toMatchObject({ name: 'stays' });
      expect(await store.renew('one', ['stays'])).toEqual([]);
      setClock(-DAY_MS);
      await expect.poll(() => removed).toEqual(['ends']);
      expect(await store.get('ends')).toBeUndefined();
      expect(await store.get('stays')).toMatchObject({ name: 'stays' });
      await store.close();
    });
  });

  it('a store lets no change fail because of a text that another one has, with half of a surrogate pair', async () => {
    const store = await place.empty();
    const [half, plainRecord] = ['\ud800', { ...leased('x', 60_000), lease: undefined }];
    const bad: (() => unknown)[] = [
      () => store.setMetadata('good 0', new Set([half]), { takeover: false }),
      () => store.put({ ...plainRecord, name: half }, PUT),
      () => store.put({ ...plainRecord, metadata: new Set([half]) }, PUT),
      () => store.put({ ...leased('x', 60_000), lease: { owner: half, ttlMs: 60_000 } }, PUT),
      () => store.remove([half], { owner: half, takeover: false }),
      () => store.renew(half, [half]),
      () => store.get(half),
    ];
    await store.put({ ...plainRecord, name: 'good 0' }, PUT);
    const good: Promise<unknown>[] = [];
    const attempts: Promise<unknown>[] = [];
    for (const [index, work] of bad.entries()) {
      attempts.push(
        Promise.resolve()
          .then(work)
          .catch(() => undefined),
      );
      good.push(Promise.resolve().then(() => store.put({ ...plainRecord, name: `good ${index + 1}` }, PUT)));
    }
    expect(await Promise.all(good)).toEqual(good.map(() => undefined));
    await Promise.all(attempts);
    await store.close();
  });

  it('a store removes a registration that was checked only if it is still the same, not when it was made again with the same values', async () => {
    const store = await place.empty();
    const dead: NameRecord = { name: 'name', uri: 'PYRO:a@h:1', metadata: new Set(['tag']), lease: undefined };
    const checked = async (): Promise<NameRecord> => (await store.get('name'))!;
    await store.put(dead, PUT);
    const first = await checked();
    const [listed] = await store.list({ by: 'all' });
    await store.put(dead, PUT);
    expect(await store.removeUnchanged(first)).toBe(false);
    expect(await store.removeUnchanged(listed!)).toBe(false);
    const second = await checked();
    await store.setMetadata('name', new Set(['tag']), { takeover: false });
    expect(await store.removeUnchanged(second)).toBe(false);
    const third = await checked();
    await store.remove(['name'], { takeover: false });
    expect(await store.removeUnchanged(third)).toBe(false);
    await store.put(dead, PUT);
    expect(await store.removeUnchanged(third)).toBe(false);
    // both at the same time: the registration is decided first
    const fourth = await checked();
    const put = store.put(dead, PUT);
    expect(await store.removeUnchanged(fourth)).toBe(false);
    await put;
    expect(plain(await checked(), place.tellsNoTags)).toEqual(plain(dead, place.tellsNoTags));
    expect(await store.removeUnchanged(await checked())).toBe(true);
    expect(await store.count()).toBe(0);
    expect(await store.bytes()).toBe(0);
    await store.close();
  });

  it('a store gives a name to one of many who register it safely at the same time', async () => {
    const store = await place.empty();
    const attempts = Array.from({ length: 50 }, async (_, index) =>
      store.put(
        { name: 'one', uri: `PYRO:a@h:${index + 1}`, metadata: undefined, lease: undefined },
        { safe: true, takeover: false },
      ),
    );
    const answers = await Promise.all(attempts);
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
    await store.close();
  });
});
