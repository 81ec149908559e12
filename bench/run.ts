/**
 * Runs the benchmarks and prints one table: `run.js [--smoke] [NAME…]`, all of `bench/*.bench.ts` unless some are named.
 *
 * `--smoke` runs every task just often enough to show that it works.
 */
import { fork } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { packageRoot } from '../scripts/package-root.js';
import type { Benchmark, BenchmarkRow } from './benchmark.js';

const SUFFIX = '.bench.ts';

const options = process.argv.slice(2);
const smoke = options.includes('--smoke');
const names = options.filter((option) => !option.startsWith('--'));

if (process.send !== undefined) await runOne(names[0]!);
else await runAll(names.length > 0 ? names : await allNames());

async function runOne(name: string): Promise<void> {
  const file = pathToFileURL(join(import.meta.dirname, `${name}.bench.js`));
  const { default: benchmark } = (await import(file.href)) as { default: Benchmark };
  const rows = await benchmark({ smoke });
  process.send!(rows, () => process.disconnect());
}

async function runAll(benchmarks: readonly string[]): Promise<void> {
  console.log(`${smoke ? 'smoke run, ' : ''}Node ${process.version}, ${cpus()[0]?.model.trim()} (${cpus().length} cores)\n`);
  let failed = benchmarks.length === 0 ? ['there are no benchmarks'] : [];
  const table: string[][] = [['benchmark', 'task', 'result', 'unit', '']];
  for (const name of benchmarks) {
    try {
      const rows = await runInChild(name);
      for (const row of rows) table.push([name, row.name, formatted(row.value), row.unit, row.note ?? '']);
      if (rows.length === 0) throw new Error('no rows');
    } catch (error) {
      failed = [...failed, `${name}: ${(error as Error).message}`];
    }
  }
  printTable(table);
  for (const failure of failed) console.error(`FAILED: ${failure}`);
  if (failed.length > 0) process.exitCode = 1;
}

/** Each benchmark has a process to itself: what one compiles and collects does not slow the next. */
function runInChild(name: string): Promise<BenchmarkRow[]> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), smoke ? ['--smoke', name] : [name]);
    let rows: BenchmarkRow[] | undefined;
    child.on('message', (message) => (rows = message as BenchmarkRow[]));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0 && rows !== undefined) resolve(rows);
      else reject(new Error(`it ended with ${code ?? 'a signal'}${rows === undefined ? ' and gave no figures' : ''}`));
    });
  });
}

async function allNames(): Promise<string[]> {
  const files = await readdir(join(packageRoot, 'bench'));
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

function formatted(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}

function printTable(rows: readonly string[][]): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const pad = (cell: string, column: number): string =>
    column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
  for (const row of rows) console.log(row.map(pad).join('  ').trimEnd());
}
