import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileNameStore } from '../../../../lib/name-server/store/file-store.js';
import type { NameRecord } from '../../../../lib/name-server/store/name-store.js';

const PUT = { safe: false, takeover: false };
const KILLS = Number(process.env.LONG_KILLS ?? 5);
/** Files that are written at the same time. */
const FILES = 8;

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'names-'));
  path = join(directory, 'names.journal');
});
afterEach(() => rm(directory, { recursive: true }));

const record = (name: string, uri = `PYRO:${name}@host:1`, tags?: string[]): NameRecord => ({
  name,
  uri,
  metadata: tags && new Set(tags),
  lease: undefined,
});

async function contents(file = path): Promise<NameRecord[]> {
  const store = await FileNameStore.open(file);
  const found = store.list({ by: 'all' });
  await store.close();
  return found;
}

describe('registrations in a file', () => {
  it('are there when the file is opened again, tags and leases included', async () => {
    const store = await FileNameStore.open(path);
    await store.put(record('one'), PUT);
    await store.put(record('two', 'PYRO:x@h:1', ['ü', 'b']), PUT);
    await store.put(record('gone'), PUT);
    await store.put({ ...record('leased'), lease: { owner: 'someone', ttlMs: 60_000 } }, PUT);
    await store.setMetadata('one', new Set(['new\nline']));
    expect(await store.remove(['gone', 'unknown'], { takeover: false })).toBe(1);
    const before = store.list({ by: 'all' });
    await store.close();
    expect(await contents()).toEqual(before);
  });

  it('are those of a whole number of changes, wherever the file was cut', async () => {
    const store = await FileNameStore.open(path);
    const states: NameRecord[][] = [[]];
    for (const change of [record('one'), record('two', 'PYRO:€@h:1', ['€']), record('one', 'PYRO:other@h:1')]) {
      await store.put(change, PUT);
      states.push(store.list({ by: 'all' }));
    }
    await store.remove(['two'], { takeover: false });
    states.push(store.list({ by: 'all' }));
    await store.close();
    const bytes = await readFile(path);
    let reached = 0;
    for (let length = 0; length <= bytes.length; length++) {
      const cut = join(directory, 'cut');
      await writeFile(cut, bytes.subarray(0, length));
      const found = await contents(cut);
      if (reached + 1 < states.length && JSON.stringify(found) === JSON.stringify(states[reached + 1])) reached++;
      expect(found).toEqual(states[reached]);
      // and it can be written again
      const again = await FileNameStore.open(cut);
      await again.put(record('after'), PUT);
      await again.close();
      expect((await contents(cut)).map(({ name }) => name)).toContain('after');
    }
    expect(reached).toBe(states.length - 1);
  }, 60_000);

  it('are written anew when most lines of the file are old', async () => {
    const store = await FileNameStore.open(path);
    for (let round = 0; round < 1_100; round++) void store.put(record('same', `PYRO:x@h:${round + 1}`), PUT);
    await store.put(record('last'), PUT);
    await store.put(record('last'), PUT);
    await store.close();
    expect((await readFile(path, 'utf8')).split('\n').length).toBeLessThan(10);
    expect((await contents()).map(({ uri }) => uri)).toEqual(['PYRO:x@h:1100', 'PYRO:last@host:1']);
    expect(await readdir(directory)).toEqual(['names.journal']);
  });

  it('are taken back when they cannot be written, and the next ones are written', async () => {
    const store = await FileNameStore.open(path);
    await store.put(record('kept'), PUT);
    const { journal } = store as unknown as { journal: { file: { datasync: () => Promise<void> } } };
    const { file } = journal;
    const full = Object.assign(Object.create(file) as typeof file, {
      datasync: () => Promise.reject(new Error('no space left on device')),
    });
    for (const name of ['write', 'stat', 'truncate'] as const)
      Object.assign(full, { [name]: (file as unknown as Record<string, CallableFunction>)[name]!.bind(file) });
    journal.file = full;
    const failure = /cannot write .*names.journal: no space left on device/;
    const failing = [
      store.put(record('lost'), PUT),
      store.put(record('kept', 'PYRO:changed@h:1'), PUT),
      store.remove(['kept'], { takeover: false }),
    ];
    for (const change of failing) await expect(change).rejects.toThrow(failure);
    expect(store.list({ by: 'all' })).toEqual([record('kept')]);
    journal.file = file;
    await store.put(record('next'), PUT);
    await store.close();
    expect((await contents()).map(({ name }) => name)).toEqual(['kept', 'next']);
  });

  it('belong to one process: a second one is refused, until the first has ended', async () => {
    const store = await FileNameStore.open(path);
    await expect(FileNameStore.open(path)).rejects.toThrow(`${path} is used by the name server in process ${process.pid}`);
    await store.close();
    await contents();
    expect(await readdir(directory)).toEqual(['names.journal']);
  });

  it('are not mixed up with other files', async () => {
    await writeFile(path, 'a diary\n');
    await expect(FileNameStore.open(path)).rejects.toThrow('is no file of registrations');
    expect(await readFile(path, 'utf8')).toBe('a diary\n');
  });
});

describe('a process that is killed while it writes', () => {
  /** Registers names one after the other, and prints each name that was acknowledged. */
  const PROGRAM = `
    const { FileNameStore } = await import(process.argv[1]);
    const store = await FileNameStore.open(process.argv[2]);
    let number = store.count();
    for (;;) {
      const names = Array.from({ length: 3 }, () => 'name' + number++);
      await Promise.all(names.map((name) => store.put({ name, uri: 'PYRO:x@h:1', metadata: new Set([name]) }, { safe: true, takeover: false })));
      process.stdout.write(names.join('\\n') + '\\n');
    }`;

  it(
    `leaves every name that was acknowledged, ${KILLS} times`,
    async () => {
      const { build } = await import('esbuild');
      const bundle = join(directory, 'store.mjs');
      await build({
        entryPoints: ['lib/name-server/store/file-store.ts'],
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile: bundle,
      });
      let kills = 0;
      const killAgainAndAgain = async (_: unknown, number: number): Promise<void> => {
        const file = `${path}${number}`;
        const acknowledged = new Set<string>();
        while (kills++ < KILLS) {
          for (const name of await writeUntilKilled(bundle, file)) acknowledged.add(name);
          const found = new Set((await contents(file)).map(({ name }) => name));
          expect([...acknowledged].filter((name) => !found.has(name))).toEqual([]);
        }
        expect(acknowledged.size).toBeGreaterThan(0);
      };
      await Promise.all(Array.from({ length: Math.min(KILLS, FILES) }, killAgainAndAgain));
    },
    KILLS * 60_000,
  );

  /** Kills the program after some of the lines that it prints. @returns the names that it printed */
  async function writeUntilKilled(bundle: string, file: string): Promise<string[]> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, bundle, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = Math.ceil(Math.random() * 60);
    const names: string[] = [];
    for await (const name of createInterface(child.stdout)) {
      if (names.push(name) === lines) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return names;
  }
});
