import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { HEAP_SHARE_BYTES } from '../../../../lib/options/heap-share.js';
import { DEFAULT_NAME_LIMITS } from '../../../../lib/name-server/names/name-rules.js';
import { MemoryNameStore } from '../../../../lib/name-server/store/memory-store.js';
import type { NameRecord } from '../../../../lib/name-server/store/name-store.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** A text of its own, as it comes from a message. */
const received = (text: string): string => Buffer.from(text).toString();
const tagsOf = (count: number, text: (index: number) => string): Set<string> =>
  new Set(Array.from({ length: count }, (_, index) => received(text(index))));

/** A registration without tags and lease, or with these. */
function record(index: number, given: Partial<NameRecord> = {}): NameRecord {
  const name = received(`lab.name.${index}`);
  return { name, uri: received(`PYRO:object_${index}@host.example.org:1234`), metadata: undefined, lease: undefined, ...given };
}

const SHAPES: Record<string, [names: number, make: (index: number) => NameRecord]> = {
  'names without tags': [10_000, (index) => record(index)],
  'short texts': [10_000, (index) => record(index, { name: received(`n${index}`), uri: received('PYRO:o@h:1') })],
  'an empty set of tags': [10_000, (index) => record(index, { metadata: new Set() })],
  'a tag that other names have': [10_000, (index) => record(index, { metadata: tagsOf(1, () => 'tag') })],
  'a tag of its own': [10_000, (index) => record(index, { metadata: tagsOf(1, () => `tag${index}`) })],
  'five tags that other names have': [5_000, (index) => record(index, { metadata: tagsOf(5, (tag) => `tag${tag}`) })],
  'a hundred tags that other names have': [500, (index) => record(index, { metadata: tagsOf(100, (tag) => `tag${tag}`) })],
  'a hundred tags that one other name has': [
    500,
    (index) => record(index, { metadata: tagsOf(100, (tag) => `t${index >> 1}_${tag}`) }),
  ],
  'a hundred tags of its own': [300, (index) => record(index, { metadata: tagsOf(100, (tag) => `t${index}_${tag}`) })],
  'a lease': [10_000, (index) => record(index, { lease: { owner: received(`owner${index}`), ttlMs: 3_600_000 } })],
  'long texts of ASCII': [1_000, (index) => record(index, { uri: received(`PYRO:${'o'.repeat(3_900)}@h:${index}`) })],
  'long texts of Latin-1': [1_000, (index) => record(index, { uri: received(`PYRO:${'ä'.repeat(3_900)}@h:${index}`) })],
  'long texts with a wide character': [
    1_000,
    (index) => record(index, { uri: received(`PYRO:€${'o'.repeat(3_900)}@h:${index}`) }),
  ],
  'long texts of wide characters': [1_000, (index) => record(index, { uri: received(`PYRO:${'€'.repeat(3_900)}@h:${index}`) })],
  'long texts of astral characters': [
    1_000,
    (index) => record(index, { uri: received(`PYRO:${'😀'.repeat(1_900)}@h:${index}`) }),
  ],
};

/** The memory that a store takes in the heap, as a multiple of the bytes that it counts. */
function heapPerCounted([names, make]: (typeof SHAPES)[string]): number {
  const store = new MemoryNameStore();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < names; index++) store.put(make(index), { safe: false, takeover: false });
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  // the store is used after the measurement, so it is in the heap until then
  const counted = store.bytes();
  void store.close();
  return bytes / counted;
}

it.each(Object.keys(SHAPES))('the bytes that a store counts are within a factor of two of its memory: %s', (shape) => {
  // the first round compiles the code
  heapPerCounted([100, SHAPES[shape]![1]]);
  const ratio = heapPerCounted(SHAPES[shape]!);
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

it('a store may count an eighth of the heap limit of the process, and 256 MiB at most', () => {
  expect(DEFAULT_NAME_LIMITS.maxStoredBytes).toBe(Math.min(256 * 2 ** 20, Math.floor(HEAP_SHARE_BYTES / 2)));
});
