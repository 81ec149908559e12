import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../scripts/package-root.js';
import { testTitlesOf, unreadableTitle } from '../../../scripts/test-titles.js';

it('the titles of all tests can be read without their describe', async () => {
  const faults: string[] = [];
  let count = 0;
  for (const folder of ['test', 'sample']) {
    for (const file of await readdir(join(packageRoot, folder), { recursive: true })) {
      if (!file.endsWith('.test.ts')) continue;
      const titles = testTitlesOf(file, await readFile(join(packageRoot, folder, file), 'utf8'));
      count += titles.length;
      for (const { title, line } of titles) {
        const fault = unreadableTitle(title);
        if (fault !== undefined) faults.push(`${folder}/${file}:${line}: ${title}: ${fault}`);
      }
    }
  }
  expect(faults).toEqual([]);
  expect(count).toBeGreaterThan(3_000);
});

describe('unreadableTitle', () => {
  it.each([
    ['is told once', 'begins with the verb "is"'],
    ['does not warn', 'begins with the verb "does"'],
    ['refuses %s that is too large', 'begins with the verb "refuses"'],
    ['%s: is counted when nobody shares it', 'begins with the verb "is"'],
    ['%s, %.20s: keeps its digits', 'begins with the verb "keeps"'],
    ['limits the objects of a value', 'begins with the verb "limits"'],
    ['calls its method once', 'begins with the verb "calls"'],
    ['of a guard that refuses changes nothing', 'begins with "of"'],
    ['over %s', 'begins with "over"'],
    ['that fails late is told', 'begins with "that"'],
    ['after a failure, the next call is sent', 'begins with "after"'],
    ['with names of modules', 'begins with "with"'],
    ['its error passes the filters', 'begins with "its", which stands for the title of its describe'],
    ['%s', 'is only a placeholder'],
    ['$name: ${index}, %d', 'is only a placeholder'],
  ])('unreadableTitle refuses "%s", which %s', (title, fault) => {
    expect(unreadableTitle(title)).toBe(fault);
  });

  it.each([
    '%s is refused with the remedy',
    '%s: a list is read',
    '${name} serves the page',
    'limits per address forget addresses',
    'calls that were made before reach the server',
    'names of a list, and the rest',
    'types writes the interfaces',
    'ls lists names',
    'close() ends the connection',
    '@expose refuses private names',
    'overrides of guards hold',
    'withdrawn names are told',
    'issues are listed',
  ])('unreadableTitle accepts "%s"', (title) => {
    expect(unreadableTitle(title)).toBeUndefined();
  });
});

describe('testTitlesOf', () => {
  it('testTitlesOf finds the titles of each kind of call, with their lines', () => {
    const text = [
      "import { describe, it as holds, test } from 'vitest';",
      "describe('group', () => {",
      "  holds('one', () => {});",
      "  holds.each([1])('two: %i', () => {});",
      '  test.skipIf(true)(`three: ${name}`, () => {});',
      "  test.concurrent.each<number>([1])('four', () => {});",
      '});',
    ].join('\n');
    expect(testTitlesOf('a.test.ts', text)).toEqual([
      { title: 'one', line: 3 },
      { title: 'two: %i', line: 4 },
      { title: 'three: ${name}', line: 5 },
      { title: 'four', line: 6 },
    ]);
  });

  it('testTitlesOf passes over functions that are not those of Vitest, and titles in variables', () => {
    const text =
      "import { it } from 'vitest';\nconst test = (title: string, status: string) => {};\ntest('passes', 'ok');\nit(title, () => {});";
    expect(testTitlesOf('a.test.ts', text)).toEqual([]);
  });
});
