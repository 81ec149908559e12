import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { WatchedTags } from '../../../lib/name-server/watches/watched-tags.js';

afterEach(() => vi.restoreAllMocks());

const tag = fc.integer({ min: 0, max: 12 }).map((number) => `tag${number}`);
const tags = fc.uniqueArray(tag, { maxLength: 8 });

it('a sign says exactly whether a record has all tags of a watch, whichever watches were open before', () => {
  fc.assert(
    fc.property(fc.array(tags, { maxLength: 6 }), tags, tags, (others, asked, present) => {
      const watched = new WatchedTags(3);
      for (const other of others) watched.open(other);
      const mask = watched.open(asked);
      for (const other of others) watched.close(other);
      watched.sign(2, new Set(present));
      expect(watched.mayHave(2, mask)).toBe(asked.every((one) => present.includes(one)));
      watched.sign(2, undefined);
      expect(watched.mayHave(2, mask)).toBe(asked.length === 0);
    }),
  );
});

it('more tags than a sign has bits share bits: no record that has the tags is missed', () => {
  const watched = new WatchedTags(1);
  const all = Array.from({ length: 5_000 }, (_, index) => `tag${index}`);
  const masks = Array.from({ length: 50 }, (_, index) => watched.open(all.slice(100 * index, 100 * index + 100)));
  masks.forEach((mask, index) => {
    watched.sign(0, new Set(all.slice(100 * index, 100 * index + 100)));
    expect(watched.mayHave(0, mask)).toBe(true);
  });
  watched.sign(0, new Set());
  expect(masks.some((mask) => watched.mayHave(0, mask))).toBe(false);
});

it('a tag that no open watch asks for gives its bit back', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const watched = new WatchedTags(1);
  const first = watched.open(['a', 'b']);
  const same = watched.open(['b']);
  watched.close(['a', 'b']);
  expect([...watched.open(['c', 'b'])]).toEqual([...first]);
  expect([...same]).toEqual([0, 2]);
});
