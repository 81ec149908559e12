import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';

const page = readFileSync('docs/development.md', 'utf8');
const NAME = /`([\w./-]+\.ts)`/g;

const filesOf = (text: string): string[] => [...new Set([...text.matchAll(NAME)].map(([, name]) => name!))];

it('each walk of docs/development.md names at most twelve files of lib/', () => {
  const walks = /## Walks\n(.*?)\n\| outside/s.exec(page)![1]!.split('\n**').slice(1);
  const counts = walks.map((walk) => [walk.split('**')[0], new Set(filesOf(walk).map((name) => basename(name))).size] as const);
  expect(counts).toHaveLength(4);
  expect(counts.filter(([, count]) => count > 12 || count < 6)).toEqual([]);
});
