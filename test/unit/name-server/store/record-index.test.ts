import { afterEach, expect, it, vi } from 'vitest';
import type { NameRecord, NameSelection } from '../../../../lib/name-server/store/name-store.js';
import { RecordIndex } from '../../../../lib/name-server/store/record-index.js';
import { CountedTags } from '../counted-tags.js';

afterEach(() => vi.restoreAllMocks());

const TAGS = Array.from({ length: 100 }, (_, index) => `tag${index}`);
const record = (name: string, metadata: ReadonlySet<string> | undefined): NameRecord => ({
  name,
  uri: 'PYRO:o@h:1',
  metadata,
  lease: undefined,
});
const byTags = (match: 'all' | 'any', tags: readonly string[]): NameSelection => ({ by: 'tags', tags, match });
const namesOf = (records: readonly NameRecord[]): string[] => records.map(({ name }) => name);

/** An index of names that have all of `TAGS`. */
function indexOf(names: number): RecordIndex {
  const index = new RecordIndex();
  for (let number = 0; number < names; number++) index.set(record(`n${number}`, new CountedTags(TAGS)));
  return index;
}

/** Ends a slice at every look at the clock. @returns counts the turns of the event loop in which others are served */
function countTurns(): () => number {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 6));
  let turns = 0;
  const serve = (): void => {
    turns++;
    setImmediate(serve).unref();
  };
  setImmediate(serve).unref();
  return () => turns;
}

it.each([
  ['any', 1],
  ['all', 100],
] as const)('a search of many names by %s of many tags serves others, and looks at each name once', async (match, steps) => {
  const index = indexOf(2_000);
  const turns = countTurns();
  CountedTags.looks = 0;
  const found = await index.list(byTags(match, TAGS));
  expect(found).toHaveLength(2_000);
  expect(turns()).toBeGreaterThan(1_000);
  expect(CountedTags.looks).toBeLessThanOrEqual(2_000 * steps);
});

it('a search for one tag and a search by a prefix serve others when they look at many names', async () => {
  const index = indexOf(1_500);
  const turns = countTurns();
  expect(await index.list(byTags('any', ['tag7']))).toHaveLength(1_500);
  expect(turns()).toBeGreaterThan(1_000);
  expect(await index.list({ by: 'prefix', prefix: 'n12' })).toHaveLength(111);
  expect(turns()).toBeGreaterThan(2_000);
});

it('a search by rare tags looks at their names alone, and at once; unknown and repeated tags cost nothing', () => {
  const index = indexOf(2_000);
  for (const name of ['one', 'two']) index.set(record(name, new CountedTags([...TAGS, 'rare', name])));
  CountedTags.looks = 0;
  expect(namesOf(index.list(byTags('all', [...TAGS, 'rare', 'two'])) as NameRecord[])).toEqual(['two']);
  expect(namesOf(index.list(byTags('any', ['one', 'rare', 'unknown', 'one', 'two'])) as NameRecord[])).toEqual(['one', 'two']);
  expect(CountedTags.looks).toBeLessThan(200);
  CountedTags.looks = 0;
  expect(index.list(byTags('all', [...TAGS, 'unknown']))).toEqual([]);
  expect(index.list(byTags('any', ['unknown', 'none']))).toEqual([]);
  const repeated = Array.from({ length: 10_000 }, () => 'rare');
  expect(index.list(byTags('all', repeated))).toHaveLength(2);
  expect(CountedTags.looks).toBeLessThan(10);
});

it.each(['any', 'all'] as const)(
  'a search by %s tags gives each name that has them all the time, whatever changes meanwhile',
  async (match) => {
    const index = new RecordIndex();
    for (let number = 0; number < 1_200; number++) index.set(record(`n${number}`, new Set(['tag', 'more'])));
    for (let number = 0; number < 20_000; number++) index.set(record(`other${number}`, undefined));
    const turns = countTurns();
    const searched = index.list(byTags(match, ['tag', 'more']));
    // all names but two leave, and come back at the end of the index
    for (let number = 0; number < 1_198; number++) index.delete(`n${number}`);
    for (let number = 0; number < 1_198; number += 2) index.set(record(`n${number}`, new Set(['more', 'tag'])));
    index.set(record('n1198', new Set(['tag', 'more', 'new'])));
    index.set(record('n1199', new Set(['other'])));
    const found = namesOf(await searched);
    expect(turns()).toBeGreaterThan(1_000);
    expect(found).toContain('n1198');
    expect(found).not.toContain('n1199');
    expect(new Set(found).size).toBe(found.length);
  },
);
