/**
 * Checks the tables of limits in the docs against the limits of the package: `check-limits.js [--write]`.
 *
 * A table stands between the lines `<!-- limits -->` and `<!-- end of limits -->`. With `--write` it is written anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Limit, LIMITS } from 'nestjs-pyro/core';
import { packageRoot } from './package-root.js';

const TABLE = /(?<=<!-- limits -->\n)[^]*(?=<!-- end of limits -->)/;

type Row = (name: string, limit: Limit) => readonly string[];

await checkTable(
  'threat-model.md',
  ['limit (option and counter)', '`lab`', '`exposed`', 'what it limits', 'when it is reached'],
  defaultsOf,
);
await checkTable('production.md', ['limit', 'of', 'what clients see'], (name, { limits, consequence }) => [
  `\`${name}\``,
  limits,
  consequence,
]);

async function checkTable(file: string, head: readonly string[], rowOf: Row): Promise<void> {
  const page = join(packageRoot, 'docs', file);
  const shown = await readFile(page, 'utf8');
  if (!TABLE.test(shown)) throw new Error(`docs/${file}: there is no table of limits`);
  const rows = Object.entries<Limit>(LIMITS).map(([name, limit]) => rowOf(name, limit));
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  const right = shown.replace(TABLE, () => `\n${lines.join('')}\n`);
  if (process.argv.includes('--write')) {
    await writeFile(page, right);
  } else if (right !== shown) {
    console.error(`docs/${file} does not have the limits of the package; \`npm run docs:options\` mends it`);
    process.exitCode = 1;
  } else {
    console.log(`ok: docs/${file}, ${rows.length} limits`);
  }
}

function defaultsOf(name: string, limit: Limit): readonly string[] {
  const { defaultText, limits, consequence } = limit;
  const lab = defaultText ?? amount(limit.lab, limit);
  return [`\`${name}\``, lab, defaultText ? 'see `lab`' : amount(limit.exposed, limit), limits, consequence];
}

/** `64 KiB`, `10 s`, `100`; a time of 0 is no limit. */
function amount(value: number, { unit }: Limit): string {
  if (unit === 'bytes') {
    const [divisor, name] = value % 2 ** 20 === 0 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB'];
    return `${(value / divisor).toLocaleString('en')} ${name}`;
  }
  if (unit !== 'ms') return value.toLocaleString('en');
  if (value === 0) return 'none';
  return value % 60_000 === 0 ? `${value / 60_000} min` : `${value / 1_000} s`;
}
