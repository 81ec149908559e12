import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CHARACTERS } from '../../../lib/serpent/text/characters.js';
import { packageRoot } from '../../../scripts/package-root.js';

const HOME = 'lib/serpent/text/characters.ts';
/** Other names of characters that `CHARACTERS` has. */
const ALIASES = ['DASH', 'DOT', 'EQUAL', 'NEWLINE', 'T', 'Z', '(?:OPEN|CLOSE)(?:_(?:LIST|DICT|PAREN|BRACE|BRACKET))?'];
const NAMES = [...Object.keys(CHARACTERS), ...ALIASES].join('|');
/** A constant with the name and the code of a character, or a code at a place of a text that is compared with a number. */
const CODE = new RegExp(
  `\\bconst \\[?(?:${NAMES})\\b[^=\\n]*= \\[?(?:0x)?\\d|[cC]odeAt\\([^)]*\\) [!=]== (?:0x)?[1-9]|\\] [!=]== 0x[2-7][\\da-f]\\b`,
);

async function linesWithCodes(): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(join(packageRoot, 'lib'), { recursive: true })) {
    const file = `lib/${name}`;
    if (!/\.tsx?$/.test(file) || file === HOME) continue;
    const lines = (await readFile(join(packageRoot, file), 'utf8')).split('\n');
    lines.forEach((line, index) => CODE.test(line) && found.push(`${file}:${index + 1} ${line.trim()}`));
  }
  return found;
}

it(`${HOME} alone has codes of characters`, async () => {
  expect(await linesWithCodes()).toEqual([]);
});

it.each([
  'const ZERO = 48;',
  'const DASH = 0x2d;',
  'const [OPEN_LIST, CLOSE_LIST] = [0x5b, 0x5d];',
  'given[0] === 0x5b',
  'if (text.charCodeAt(0) !== 45)',
])('the test of codes of characters finds %s', (line) => {
  expect(CODE.test(line)).toBe(true);
});

it.each(['if (code === ZERO)', 'text.charCodeAt(at) === 0', 'bytes[start] === 0x16'])(
  'the test of codes of characters passes over %s',
  (line) => {
    expect(CODE.test(line)).toBe(false);
  },
);
