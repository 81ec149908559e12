import { expect, it } from 'vitest';
import type { SerializerName, ValueMode } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

/** Ordinary ints with the same lower 64 bits, which are all that V8 hashes. */
const ROWS: [string, (index: number) => bigint][] = [
  ['uuid.uuid1().int', (index) => ((0x1eb0n << 112n) + (BigInt(index * 1_000_003) << 64n)) | 0x8abc_0123_4567_89abn],
  ['IPv6 networks of /64', (index) => (0x2001_0db8_0000_0000n + BigInt(index)) << 64n],
  ['IPv6 gateways', (index) => ((0x2001_0db8_0000_0000n + BigInt(index)) << 64n) | 1n],
];
const FITS = 300;

it.each<[SerializerName, ValueMode]>([
  ['serpent', 'natural'],
  ['serpent', 'faithful'],
  ['marshal', 'natural'],
  ['marshal', 'faithful'],
])('300 ints with the same lower 64 bits are keys and members, 500 are not: %s, %s', (name, values) => {
  const serializer = [...createSerializers({ values }).values()].find((one) => one.name === name)!;
  for (const [what, at] of ROWS) {
    const keysOf = (count: number): bigint[] => Array.from({ length: count }, (_, index) => at(index));
    const set = new Set(keysOf(FITS));
    const dict = new Map(keysOf(FITS).map((key) => [key, 1]));
    expect([what, serializer.loads(serializer.dumps(set))]).toEqual([what, set]);
    expect([what, serializer.loads(serializer.dumps(dict))]).toEqual([what, dict]);
    expect(() => serializer.loads(serializer.dumps(new Set(keysOf(500)))), what).toThrow(/collide/);
  }
});
