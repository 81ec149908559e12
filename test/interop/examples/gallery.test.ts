import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upstreamDistribution } from '../python-env.js';
import type { Example } from './example.js';
import { leftOut } from './left-out.js';
import { NameServers } from './name-servers.js';
import { assertRuns } from './play.js';

const TIMEOUT_MS = 180_000;

const here = import.meta.dirname;
const examples = await foldersOf(here);
const plays = new Map(await Promise.all(examples.map(async (name) => [name, await playsOf(name)] as const)));
const together = examples.filter((name) => !plays.get(name)!.some(({ alone }) => alone));
const alone = examples.filter((name) => !together.includes(name));
const results = new Map<string, string>();

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

  it('are all served, or left out for a reason', async () => {
    const folders = await foldersOf(join(await upstreamDistribution(), 'examples'));
    expect([...examples, ...Object.keys(leftOut)].sort()).toEqual(folders);
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
    for (const name of together) it(`${name} runs`, () => assertAllRun(name));
  });
  describe('with our servers and their clients, one by one', { retry: 1 }, () => {
    for (const name of alone) it(`${name} runs`, () => assertAllRun(name));
  });
});
