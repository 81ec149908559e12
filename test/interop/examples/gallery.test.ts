import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../scripts/package-root.js';
import { upstreamDistribution } from '../python-env.js';
import type { Example } from './example.js';
import { leftOut } from './left-out.js';
import { NameServers } from './name-servers.js';
import { assertRuns } from './play.js';

const TIMEOUT_MS = 600_000;

const here = import.meta.dirname;
const examples = await foldersOf(here);
const plays = new Map(await Promise.all(examples.map(async (name) => [name, await playsOf(name)] as const)));
const together = examplesThatAre(undefined);
const timed = examplesThatAre('timed');
const busy = examplesThatAre('busy');
const results = new Map<string, string>();

function examplesThatAre(alone: Example['alone']): string[] {
  return examples.filter((name) => plays.get(name)!.find((example) => example.alone)?.alone === alone);
}

async function foldersOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'))
    .map(({ name }) => name)
    .sort();
}

async function playsOf(name: string): Promise<Example[]> {
  const { default: example } = (await import(join(here, name, 'example.ts'))) as { default: Example | Example[] };
  return [example].flat();
}

describe("Pyro5's examples", { timeout: TIMEOUT_MS }, () => {
  let nameServers: NameServers;

  beforeAll(async () => {
    nameServers = await NameServers.start();
  });
  afterAll(async () => {
    await nameServers.close();
    const width = Math.max(...examples.map((name) => name.length));
    const lines = examples.map((name) => `${name.padEnd(width)}  ${results.get(name) ?? 'not run'}`);
    process.stdout.write(`\n${lines.join('\n')}\n`);
  });

  it('every example of Pyro5 has a server here, or a reason why not', async () => {
    const folders = await foldersOf(join(await upstreamDistribution(), 'examples'));
    const reasons = Object.keys(leftOut).filter((path) => !path.includes('/'));
    expect([...examples, ...reasons].sort()).toEqual(folders);
    expect(examples.length).toBeGreaterThan(45);
  });

  it('every client script of the examples is run, or has a reason why not', async () => {
    const upstream = join(await upstreamDistribution(), 'examples');
    const paths = await readdir(upstream, { recursive: true });
    const clients = paths.map((path) => path.replaceAll('\\', '/')).filter((path) => /client[^/]*\.py$/.test(path));
    const played = [...plays].flatMap(([name, all]) =>
      all.flatMap(({ scripts }) => scripts.map(({ file }) => `${name}/${file}`)),
    );
    expect(clients.filter((path) => !played.includes(path) && !(path in leftOut))).toEqual([]);
    expect(Object.keys(leftOut).filter((path) => played.includes(path))).toEqual([]);
  });

  it('docs/audit/examples.md lists all examples, and those that are left out', async () => {
    const page = await readFile(join(packageRoot, 'docs', 'audit', 'examples.md'), 'utf8');
    for (const name of examples) expect(page).toContain(`| [${name}](../../test/interop/examples/${name}) |`);
    for (const [path, reason] of Object.entries(leftOut)) expect(page).toContain(`| ${path} | ${reason} |`);
  });

  async function assertAllRun(name: string): Promise<void> {
    const begin = performance.now();
    results.set(name, 'FAILED');
    const runs = plays.get(name)!.map((example) => assertRuns(name, example, nameServers));
    await Promise.allSettled(runs);
    await Promise.all(runs);
    results.set(name, `passed  ${((performance.now() - begin) / 1_000).toFixed(1).padStart(5)} s`);
  }

  describe.concurrent('with our servers and their clients', () => {
    for (const name of together) it(`the example ${name} runs`, () => assertAllRun(name));
  });
  describe.concurrent('with our servers and clients that depend on times', { retry: 3 }, () => {
    for (const name of timed) it(`the example ${name} runs`, () => assertAllRun(name));
  });
  describe('with our servers and clients that keep the machine busy', { retry: 3 }, () => {
    for (const name of busy) it(`the example ${name} runs`, () => assertAllRun(name));
  });
});
