/**
 * Checks the tables of limits in docs/threat-model.md against the limits of the package: `check-limits.js [--write]`.
 *
 * The table of daemons stands between the lines `<!-- limits -->` and `<!-- end of limits -->`, the table of proxies between
 * `<!-- limits of proxies -->` and `<!-- end of limits of proxies -->`. With `--write` they are written anew.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Limit, LIMITS, PROXY_LIMITS, type ProxyLimit } from 'nestjs-pyro/core';
import { packageRoot } from './package-root.js';

const page = join(packageRoot, 'docs', 'threat-model.md');
const HEAD =
  '| limit (option and counter) | `lab` | `exposed` | what it limits | when it is reached |\n| --- | --- | --- | --- | --- |\n';
const PROXY_HEAD = '| limit (option) | default | what it limits | when it is reached |\n| --- | --- | --- | --- |\n';

const shown = await readFile(page, 'utf8');
const rows = Object.entries<Limit>(LIMITS).map(
  ([name, limit]) =>
    `| \`${name}\` | ${limit.defaultText ?? amount(limit.lab, limit)} | ${limit.defaultText ? 'see `lab`' : amount(limit.exposed, limit)} | ${limit.limits} | ${limit.consequence} |\n`,
);
const proxyRows = Object.entries<ProxyLimit>(PROXY_LIMITS).map(
  ([name, limit]) =>
    `| \`${name}\` | ${limit.defaultText ?? amount(limit.default, limit)} | ${limit.limits} | ${limit.consequence} |\n`,
);
const withDaemons = withTable(shown, 'limits', HEAD + rows.join(''));
const right = withTable(withDaemons, 'limits of proxies', PROXY_HEAD + proxyRows.join(''));
if (process.argv.includes('--write')) {
  await writeFile(page, right);
} else if (right !== shown) {
  console.error('docs/threat-model.md does not have the limits of the package; `npm run docs:options` mends it');
  process.exitCode = 1;
} else {
  console.log(`ok: docs/threat-model.md, ${rows.length} limits of daemons, ${proxyRows.length} of proxies`);
}

/** Puts a table between its two marks. */
function withTable(text: string, mark: string, table: string): string {
  const between = new RegExp(`(?<=<!-- ${mark} -->\n)[^]*(?=<!-- end of ${mark} -->)`);
  if (!between.test(text)) throw new Error(`docs/threat-model.md: there is no table of ${mark}`);
  return text.replace(between, () => `\n${table}\n`);
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
