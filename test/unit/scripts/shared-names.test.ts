import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { expect, it } from 'vitest';
import { declarationsIn, hiddenGlobals, sharedFileNames, sharedNames } from '../../../scripts/shared-names.js';

const library = new Map(
  readdirSync('lib', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => [relative('lib', path).split(sep).join('/'), readFileSync(path, 'utf8')]),
);

const declared = declarationsIn(library);

/** The names that two files with these texts share. */
const shared = (one: string, other: string) =>
  sharedNames(declarationsIn(new Map(Object.entries({ 'client/a.ts': one, 'daemon/b.ts': other }))));

/** The globals that a file with this text hides. */
const hidden = (text: string) => hiddenGlobals(declarationsIn(new Map([['a.ts', text]])));

it('no two files of lib/ export the same name, or declare a type of the same name', () => {
  expect(sharedNames(declared)).toEqual([]);
});

it('no two files of lib/ have the same name', () => {
  expect(sharedFileNames([...library.keys()])).toEqual([]);
});

it('no type, function or constant of lib/ hides a global', () => {
  expect(hiddenGlobals(declared)).toEqual([]);
});

it.each([
  ['two functions', 'export function nameOf() {}', 'export function nameOf() {}'],
  ['a function and a constant', 'export async function nameOf() {}', 'export const nameOf = () => 1;'],
  ['a constant in a pattern', 'export const { a: [nameOf] } = b;', 'export const nameOf = 1;'],
  ['a type and a function', 'export type nameOf = 1;', 'export function nameOf() {}'],
])('the check of names refuses %s that two files export', (_, one, other) => {
  expect(shared(one, other)).toEqual(['nameOf: client/a.ts, daemon/b.ts']);
});

it.each([
  ['interface', 'interface Row {}'],
  ['type', 'type Row = string;'],
  ['class', 'class Row {}'],
  ['abstract class', 'export abstract class Row {}'],
  ['enum', 'enum Row { A }'],
])('the check of names refuses a type that another file declares as %s, exported or not', (_, text) => {
  expect(shared(text, 'interface Row {}')).toEqual(['Row: client/a.ts, daemon/b.ts']);
});

it.each([
  ['overloads', 'export function a(): 1; export function a(b?: 1): 1 { return 1; }', ''],
  ['re-exports', "export { a } from '../daemon/b.js';", 'export const a = 1;'],
  ['functions that the files keep to themselves', 'function a() {}', 'export function a() {}'],
  ['names inside of functions', 'export function b() { const a = 1; type A = 1; }', 'export const a = 1; type A = 1;'],
])('the check of names lets %s pass', (_, one, other) => {
  expect(shared(one, other)).toEqual([]);
});

it('the check of file names refuses the same name in two folders, but for index.ts', () => {
  expect(sharedFileNames(['index.ts', 'serpent/index.ts', 'daemon/slots.ts', 'inspector/slots.ts', 'slot.ts'])).toEqual([
    'slots.ts: daemon/slots.ts, inspector/slots.ts',
  ]);
});

it.each([
  ['a type of the language', 'type Partial = 1;', 'Partial'],
  ['a type of the DOM', 'interface Window {}', 'Window'],
  ['a value of Node', 'const performance = 1;', 'performance'],
  ['a class of Node', 'export class AbortSignal {}', 'AbortSignal'],
])('the check of globals refuses %s', (_, text, name) => {
  expect(hidden(text)).toEqual([`${name}: a.ts`]);
});

it('the check of globals lets a function pass that has the name of one in browsers', () => {
  expect(hidden('export function print() {}')).toEqual([]);
});
