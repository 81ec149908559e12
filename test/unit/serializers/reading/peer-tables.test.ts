import { expect, it } from 'vitest';
import { peerMap, peerSet } from '../../../../lib/serializers/reading/peer-tables.js';

it('values of a set, and keys of a Map, that are there already do not count as collisions', () => {
  const values = Array.from({ length: 1_000_000 }, (_, index) => ((index * 7_919) % 1_000) * 3);
  expect(peerSet(values, () => undefined).size).toBe(1_000);
  const bigints = values.map((value) => 2n ** 64n + BigInt(value));
  expect(peerSet(bigints, () => undefined).size).toBe(1_000);
  expect(
    peerMap(
      bigints.map((key) => [key, 1]),
      () => undefined,
    ).size,
  ).toBe(1_000);
});
