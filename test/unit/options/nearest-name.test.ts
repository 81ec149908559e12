import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestName } from '../../../lib/options/nearest-name.js';

describe('the nearest name', () => {
  it.each([
    ['maxConections', 'maxConnections'],
    ['maxConnectionss', 'maxConnections'],
    ['maxConnectoins', 'maxConnections'],
    ['MAXCONNECTIONS', 'maxConnections'],
    ['hots', 'host'],
    ['prot', 'port'],
    ['', undefined],
    ['zebra', undefined],
  ])('the nearest name of "%s" is %s', (name, nearest) => {
    expect(nearestName(name, ['port', 'host', 'maxConnections', 'maxStreams'])).toBe(nearest);
  });

  it('the nearest name is the first with the fewest mistakes', () => {
    expect(nearestName('camera', ['cameras', 'kamera', 'camerass'])).toBe('cameras');
    expect(nearestName('camera', ['camerass', 'cameras', 'camera'])).toBe('camera');
  });

  it('the nearest name has the mistakes that were made', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'e'), minLength: 6, maxLength: 30 });
    fc.assert(
      fc.property(word, fc.nat(), fc.constantFrom('insert', 'delete', 'swap', 'replace'), (name, place, kind) => {
        const at = place % (name.length - 1);
        const made = {
          insert: `${name.slice(0, at)}x${name.slice(at)}`,
          delete: name.slice(0, at) + name.slice(at + 1),
          swap: name.slice(0, at) + name[at + 1]! + name[at]! + name.slice(at + 2),
          replace: `${name.slice(0, at)}x${name.slice(at + 1)}`,
        }[kind];
        // a name of two more mistakes is not nearer
        expect(nearestName(made, [`${name}yy`, name])).toBe(name);
      }),
    );
  });

  it('the nearest name is looked for among as many names as have 2,000,000 pairs of letters with it, of at most 100 letters each', () => {
    const others = (count: number): string[] => Array.from({ length: count }, (_, n) => `n${String(n).padStart(9, '0')}`);
    expect(nearestName('lab.camara', [...others(19_999), 'lab.camera'])).toBe('lab.camera');
    expect(nearestName('lab.camara', [...others(20_000), 'lab.camera'])).toBeUndefined();
    const short = Array.from({ length: 100_000 }, () => 'n');
    expect(nearestName('lab.cameras', [...short, 'lab.camera'])).toBe('lab.camera');
    const long = 'x'.repeat(100);
    expect(nearestName(long.slice(1), [long])).toBe(long);
    expect(nearestName(long, [`${long}x`])).toBeUndefined();
    expect(nearestName(`${long}x`, [long])).toBeUndefined();
  });

  it('the nearest name is found beside names of any length', () => {
    const huge = 'n'.repeat(50_000_000);
    expect(nearestName('lab.cameras', [huge, 'lab.camera', huge])).toBe('lab.camera');
    expect(nearestName(huge, [huge, 'lab.camera'])).toBeUndefined();
  });
});
