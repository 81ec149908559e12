import { expect, it } from 'vitest';
import { run } from '../../scripts/program.js';
import { NODE_RANGES, namedRanges } from '../runtimes/node-runtime.js';

it('tests, and the programs that they start, run on the Node that was asked for', async () => {
  // the project `runtimes` asks for a version; otherwise the tests run on the Node that started them
  const asked = `v${process.env['NODE_UNDER_TEST'] ?? process.versions.node}`;
  const version = async (node: string): Promise<string> => (await run(node, ['--version'])).stdout.trim();
  expect(process.version).toBe(asked);
  expect([await version(process.execPath), await version('node')]).toEqual([asked, asked]);
});

it.each([
  ['newset', 'RUNTIMES has "newset"; it takes oldest and newest, with a space between them'],
  ['oldest 24', 'RUNTIMES has "24"; it takes oldest and newest'],
  ['toString', 'RUNTIMES has "toString"'],
  [' ', 'RUNTIMES is empty; it takes oldest and newest'],
])('RUNTIMES=%j is refused with the names that it takes', (asked, text) => {
  expect(() => namedRanges(asked)).toThrow(text);
});

it('RUNTIMES takes the oldest and the newest Node, in any order', () => {
  expect(namedRanges('newest  oldest')).toEqual([NODE_RANGES.at(-1), NODE_RANGES[0]]);
});
