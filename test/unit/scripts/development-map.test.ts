import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OWN_FILES, ROOMS, SUB_ROOMS } from '../../../scripts/rooms.js';

const page = readFileSync('docs/development.md', 'utf8');
const FILE = /`([\w./-]+\.tsx?)`/g;
const FOLDER = /`([\w-]+(?:\/[\w-]+)*)\/`/g;

const matches = (text: string, pattern: RegExp): string[] => [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))];

/** The rows of the table that follows a text, each with its first cell and the rest. */
function rowsAfter(text: string): [string, string][] {
  const table = page.slice(page.indexOf(text)).split('\n\n')[1]!;
  const rows = table.split('\n').slice(2);
  return rows.map((row) => [row.split('|', 2)[1]!, row.slice(row.indexOf('|', 1))]);
}

const walks = /## Walks\n(.*?)\n\| /s.exec(page)![1]!.split('\n**').slice(1);
const titled = walks.map((walk) => [walk.split('**')[0]!, walk] as const);

it('docs/development.md has eight walks', () => {
  expect(titled).toHaveLength(8);
});

it.each(titled)('the walk "%s" of docs/development.md names 6 to 12 files of lib/, and each exists', (_, walk) => {
  const files = matches(walk, FILE);
  expect(files.filter((file) => !existsSync(join('lib', file)))).toEqual([]);
  expect(files.length).toBeGreaterThanOrEqual(6);
  expect(files.length).toBeLessThanOrEqual(12);
});

it('a walk of docs/development.md names no folder in place of a file', () => {
  expect(titled.filter(([, walk]) => matches(walk, FOLDER).length > 0)).toEqual([]);
});

it('docs/development.md names only files that exist, by their paths below lib/ or the repository', () => {
  const files = matches(page, FILE);
  expect(files.filter((file) => !existsSync(join('lib', file)) && !existsSync(file))).toEqual([]);
});

it('docs/development.md has a row for each room of lib/', () => {
  const rooms = rowsAfter('A room is a folder of `lib/`').flatMap(([name]) => matches(name, FOLDER));
  expect(rooms.toSorted()).toEqual(Object.keys(ROOMS).toSorted());
});

it('docs/development.md names each folder of a room, as scripts/rooms.ts does', () => {
  const named = rowsAfter('The large rooms have rooms inside').map(
    ([room, text]) => [matches(room, FOLDER)[0]!, matches(text, FOLDER).toSorted()] as const,
  );
  const known = Object.entries(SUB_ROOMS).map(([room, folders]) => {
    const inside = Object.keys(folders).filter((folder) => folder !== OWN_FILES);
    return [room, inside.toSorted()] as const;
  });
  expect(Object.fromEntries(named)).toEqual(Object.fromEntries(known));
});

it('docs/development.md has the rooms in an order in which each room imports only rooms below it', () => {
  const order = rowsAfter('A room is a folder of `lib/`').flatMap(([name]) => matches(name, FOLDER));
  const upwards = Object.entries(ROOMS).flatMap(([room, imported]) =>
    imported.filter((other) => order.indexOf(other) <= order.indexOf(room)).map((other) => `${room} imports ${other}`),
  );
  expect(upwards).toEqual([]);
});

it('docs/development.md names the folders of lib/ with more than 18 files', () => {
  const folders = readdirSync('lib', { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory());
  const large = folders
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((folder) => readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile()).length > 18);
  expect(large.toSorted()).toEqual(['lib/inspector/page']);
});
