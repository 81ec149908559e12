import { expect, it } from 'vitest';
import { importCircles } from '../../../scripts/import-circles.js';

/** The circles of files with these texts. */
const circles = (texts: Record<string, string>) => importCircles(new Map(Object.entries(texts)));

it('files and folders may import what does not import them', () => {
  expect(
    circles({
      'core.ts': "export { a } from './client/a.js';",
      'client/a.ts': "import { b } from './call/b.js';\nimport { c } from './c.js';\nimport { join } from 'node:path';",
      'client/c.ts': "import type { b } from './call/b.js';",
      'client/call/b.ts': "import { d } from '../../protocol/d.js';",
      'protocol/d.ts': '',
    }),
  ).toEqual([]);
});

it.each([
  ['an import', "import { a } from './a.js';"],
  ['an import for its effects', "import './a.js';"],
  ['an import of types', "import type { A } from './a.js';"],
  ['an import of a type among values', "import { type A } from './a.js';"],
  ['an import() type', "export type B = import('./a.js').A;"],
  ['an import() at run time', "export const b = await import('./a.js');"],
  ['a re-export', "export { a } from './a.js';"],
  ['a re-export of all', "export * from './a.js';"],
  ['a re-export of types', "export type { A } from './a.js';"],
])('the check of circles refuses %s that closes a circle of files', (_, text) => {
  expect(circles({ 'client/a.ts': "import { b } from './b.js';", 'client/b.ts': text })).toEqual([
    'files import each other: client/a.ts → client/b.ts → client/a.ts',
  ]);
});

it.each([
  ['an import', "import { a } from '../call/a.js';"],
  ['an import of types', "import type { A } from '../call/a.js';"],
  ['an import() type', "export type D = import('../call/a.js').A;"],
  ['a re-export', "export { a } from '../call/a.js';"],
])('the check of circles refuses %s that closes a circle of folders, and names the imports between them', (_, text) => {
  expect(
    circles({
      'client/call/a.ts': '',
      'client/call/b.ts': "import { c } from '../proxy/c.js';",
      'client/proxy/c.ts': '',
      'client/proxy/d.ts': text,
    }),
  ).toEqual([
    [
      'folders import each other: client/call → client/proxy → client/call',
      '  client/call/b.ts → client/proxy/c.ts',
      '  client/proxy/d.ts → client/call/a.ts',
    ].join('\n'),
  ]);
});

it('the check of circles refuses a circle between a folder and its sub-folder', () => {
  expect(
    circles({
      'daemon/a.ts': "import { b } from './call/b.js';",
      'daemon/call/b.ts': "import type { C } from '../c.js';",
      'daemon/c.ts': '',
    }),
  ).toEqual([
    'folders import each other: daemon → daemon/call → daemon\n  daemon/a.ts → daemon/call/b.ts\n  daemon/call/b.ts → daemon/c.ts',
  ]);
});

it('the error names the shortest circle through a file, and every other circle that shares no file with it', () => {
  expect(
    circles({
      'client/a.ts': "import './b.js';\nimport './c.js';",
      'client/b.ts': "import './c.js';",
      'client/c.ts': "import './a.js';",
      'client/x.ts': "import './a.js';\nimport './y.js';",
      'client/y.ts': "import './x.js';",
    }),
  ).toEqual([
    'files import each other: client/a.ts → client/c.ts → client/a.ts',
    'files import each other: client/x.ts → client/y.ts → client/x.ts',
  ]);
});

it('the check of circles refuses a file that imports itself', () => {
  expect(circles({ 'client/a.ts': "export type { A } from './a.js';" })).toEqual([
    'files import each other: client/a.ts → client/a.ts',
  ]);
});
