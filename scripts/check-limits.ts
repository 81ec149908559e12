/**
 * Checks the tables of docs/limits.md against the limits of the package: `check-limits.js [--write]`.
 *
 * The table of the limits of daemons is between the lines `<!-- limits -->` and `<!-- end of limits -->`. The table of proxies is between
 * `<!-- limits of proxies -->` and `<!-- end of limits of proxies -->`. With `--write` both tables are written anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Limit, LIMITS, PROXY_LIMITS } from 'nestjs-pyro/core';
import { packageRoot } from './package-root.js';

const page = join(packageRoot, 'docs', 'limits.md');
const DAEMONS = 'limits';
const PROXIES = 'limits of proxies';

type Cells = readonly string[];

const limits = Object.entries(LIMITS);
const proxyLimits = Object.entries(PROXY_LIMITS);

await checkTable(
  DAEMONS,
  ['limit (option and counter)', '`lab`', '`exposed`', 'what it limits', 'when it is reached'],
  limits.map(([name, limit]) => defaultsOf(name, limit)),
);
await checkTable(
  PROXIES,
  ['limit (option)', 'default', 'what it limits', 'when it is reached'],
  proxyLimits.map(([name, limit]) => [
    `\`${name}\``,
    limit.defaultText ?? amount(limit.default, limit),
    limit.subject,
    limit.consequence,
  ]),
);
async function checkTable(mark: string, head: Cells, rows: readonly Cells[]): Promise<void> {
  const shown = await readFile(page, 'utf8');
  const between = new RegExp(`(?<=<!-- ${mark} -->\n)[^]*(?=<!-- end of ${mark} -->)`);
  if (!between.test(shown)) throw new Error(`docs/limits.md: there is no table of ${mark}`);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  const right = shown.replace(between, () => `\n${lines.join('')}\n`);
  if (process.argv.includes('--write')) {
    await writeFile(page, right);
  } else if (right !== shown) {
    console.error(`docs/limits.md does not have the ${mark} of the package; \`npm run docs:options\` mends it`);
    process.exitCode = 1;
  } else {
    console.log(`ok: docs/limits.md, ${rows.length} ${mark}`);
  }
}

function defaultsOf(name: string, limit: Limit): Cells {
  const { defaultText, subject, consequence } = limit;
  const lab = defaultText ?? amount(limit.lab, limit);
  return [`\`${name}\``, lab, defaultText ? 'see `lab`' : amount(limit.exposed, limit), subject, consequence];
}

/** `64 KiB`, `10 s`, `100`; a time of 0 is no limit. */
function amount(value: number, { unit }: { readonly unit: string }): string {
  if (unit === 'bytes') {
    const [divisor, name] = value % 2 ** 20 === 0 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB'];
    return `${(value / divisor).toLocaleString('en')} ${name}`;
  }
  if (unit !== 'ms') return value.toLocaleString('en');
  if (value === 0) return 'none';
  return value % 60_000 === 0 ? `${value / 60_000} min` : `${value / 1_000} s`;
}
