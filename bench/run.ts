/**
 * Runs the benchmarks and prints their tables in Markdown, all of `bench/*.bench.ts` unless some are named:
 *
 *     run.js [--smoke] [--floor] [--case TEXT] [--server TEXT] [--json FILE] [NAME…]
 *
 * - `--smoke` runs every task just often enough to show that it works
 * - `--floor`, of a smoke run: fails when Nest does less than `SMOKE_FLOOR` of what a raw Node socket does
 * - `--case`, `--server`: only those whose name has this text
 * - `--json` writes the rows to a file as well
 */
import { fork } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { packageRoot } from '../scripts/package-root.js';
import type { Benchmark, BenchmarkOptions, BenchmarkResult } from './benchmark.js';
import { markdownTable } from './table.js';

const SUFFIX = '.bench.ts';

if (process.send === undefined) await runAll();
else await runOne(process.argv[2]!, JSON.parse(process.argv[3]!) as BenchmarkOptions);

async function runOne(name: string, options: BenchmarkOptions): Promise<void> {
  // even if the parent was killed
  process.once('disconnect', () => process.exit());
  const file = pathToFileURL(join(import.meta.dirname, `${name}.bench.js`));
  const { default: benchmark } = (await import(file.href)) as { default: Benchmark };
  const result = await benchmark(options);
  process.send!(result, () => process.disconnect());
}

async function runAll(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      smoke: { type: 'boolean', default: false },
      floor: { type: 'boolean', default: false },
      case: { type: 'string', default: '' },
      server: { type: 'string', default: '' },
      json: { type: 'string' },
    },
  });
  const benchmarks = positionals.length > 0 ? positionals : await allNames();
  const machine = `${cpus()[0]?.model.trim()} (${cpus().length} cores)`;
  const started = new Date();
  console.log(`${values.smoke ? 'smoke run, ' : ''}Node ${process.version}, ${machine}, ${started.toISOString()}`);
  const failures = benchmarks.length === 0 ? ['there are no benchmarks'] : [];
  const results: Record<string, BenchmarkResult['rows']> = {};
  for (const name of benchmarks) {
    try {
      const { rows, failures: found = [] } = await runInChild(name, values);
      if (rows.length === 0) throw new Error('no rows: has a case or a server the text of --case or --server?');
      results[name] = rows;
      console.log(`\n**${name}**\n\n${markdownTable(rows)}`);
      failures.push(...found.map((failure) => `${name}: ${failure}`));
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  if (values.json !== undefined) {
    const report = { started, node: process.version, machine, smoke: values.smoke, results };
    await writeFile(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

/** Runs a benchmark in a separate process, so that its compiled code and its garbage do not slow the next benchmark. */
function runInChild(name: string, options: BenchmarkOptions): Promise<BenchmarkResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [name, JSON.stringify(options)], {
      // JSON has no NaN
      serialization: 'advanced',
    });
    let result: BenchmarkResult | undefined;
    child.on('message', (message) => (result = message as BenchmarkResult));
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`it ended with ${code ?? 'a signal'}${result === undefined ? ' and gave no figures' : ''}`));
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
