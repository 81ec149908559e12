import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileLock } from '../../../../lib/name-server/store/file-lock.js';
import { FileNameStore } from '../../../../lib/name-server/store/file-store.js';

let directory: string;
let path: string;
let bundle: string;
const cleanups: (() => unknown)[] = [];
beforeAll(async () => {
  const { build } = await import('esbuild');
  const place = await mkdtemp(join(tmpdir(), 'lock-'));
  bundle = join(place, 'lock.mjs');
  await build({
    entryPoints: ['lib/name-server/store/file-lock.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
  });
  return () => rm(place, { recursive: true });
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'names-'));
  path = join(directory, 'names');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(directory, { recursive: true });
});

/** Takes a lock in another process, says whether it has it, and keeps it until the process is killed. */
const PROGRAM = `
  const { FileLock } = await import(process.argv[1]);
  await FileLock.take(process.argv[2]).then(() => console.log('has it'), (error) => console.log(error.message));
  setInterval(() => undefined, 60_000);`;

/** @param starter program that starts Node, with its arguments */
async function takeElsewhere(file: string, ...starter: string[]): Promise<{ answer: string; child: ChildProcess }> {
  const [command, ...args] = [...starter, process.execPath, '--input-type=module', '-e', PROGRAM, bundle, file];
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanups.push(() => kill(child));
  return { answer: String((await once(child.stdout!, 'data'))[0]).trim(), child };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

it('a file that another process has is refused, until that process is killed', async () => {
  const { answer, child } = await takeElsewhere(path);
  expect(answer).toBe('has it');
  await expect(FileLock.take(path)).rejects.toThrow(
    `storage: ${path} is used by the name server in process ${child.pid}; end that one, or give another file`,
  );
  await kill(child);
  const lock = await FileLock.take(path);
  expect((await takeElsewhere(path)).answer).toContain(`is used by the name server in process ${process.pid};`);
  await lock.release();
  expect(await readdir(directory)).toEqual([]);
});

it('a file has one lock, whatever symbolic links lead to it, even before the file is there', async () => {
  const elsewhere = join(directory, 'elsewhere');
  await mkdir(elsewhere);
  await symlink(path, join(elsewhere, 'link'));
  await symlink(elsewhere, join(directory, 'other'));
  const lock = await FileLock.take(path);
  cleanups.push(() => lock.release());
  for (const link of [join(elsewhere, 'link'), join(directory, 'other', 'link')]) {
    await expect(FileLock.take(link)).rejects.toThrow(`${link} is used by the name server in process ${process.pid}`);
  }
  await writeFile(path, '');
  expect((await takeElsewhere(join(elsewhere, 'link'))).answer).toContain('is used by');
});

it('one of many processes that find the lock of a dead one gets the file', async () => {
  const { child } = await takeElsewhere(path);
  await kill(child);
  const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => FileLock.take(path)));
  const locks = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
  const checks = await Promise.allSettled(locks.map((lock) => lock.check()));
  expect(checks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const lock of locks) await lock.release();
  expect(await readdir(directory)).toEqual([]);
});

it('a lock whose content means nothing here counts while somebody writes it', async () => {
  await writeFile(`${path}.lock`, '');
  const beats = setInterval(() => void writeFile(`${path}.lock`, ''), 100);
  try {
    await expect(FileLock.take(path)).rejects.toThrow('is used by the name server in process 0 of another container or machine');
  } finally {
    clearInterval(beats);
  }
});

it('the lock of a dead process is free although its time lies in the future, because the clock was set back', async () => {
  await writeFile(`${path}.lock`, JSON.stringify({ pid: 4711, began: '1', space: 'elsewhere', token: 'other' }));
  const inAnHour = new Date(Date.now() + 3_600_000);
  await utimes(`${path}.lock`, inAnHour, inAnHour);
  let time = performance.now();
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (time += 6_000));
  cleanups.push(() => clock.mockRestore());
  await (await FileLock.take(path)).release();
  expect(await readdir(directory)).toEqual([]);
});

it('a process that has lost its lock, because it stood still, writes nothing any more', async () => {
  const store = await FileNameStore.open(path);
  const put = (name: string) =>
    store.put({ name, uri: 'PYRO:x@h:1', metadata: undefined, lease: undefined }, { safe: false, takeover: false });
  await put('before');
  const content = await readFile(path, 'utf8');
  await writeFile(`${path}.lock`, JSON.stringify({ pid: 4711, began: '1', space: 'elsewhere', token: 'other' }));
  await expect(put('after')).rejects.toThrow(
    `cannot write ${path}: this process stood still, and the file belongs to process 4711 now`,
  );
  expect(await readFile(path, 'utf8')).toBe(content);
  await store.close();
  // the lock of the other one stays
  expect((await readdir(directory)).sort()).toEqual(['names', 'names.lock']);
});

/** Starts a program in a namespace of processes of its own, as a container has one. Only root may do so. */
const CONTAINER = ['unshare', '--fork', '--pid', '--mount-proc', '--kill-child'];
const HAS_CONTAINERS = spawnSync(CONTAINER[0]!, [...CONTAINER.slice(1), 'true']).status === 0;

describe.skipIf(!HAS_CONTAINERS)('two containers with one volume', () => {
  it('two containers with one volume do not get the same file, until the first container is killed', async () => {
    const { answer, child } = await takeElsewhere(path, ...CONTAINER);
    expect(answer).toBe('has it');
    const [second, third] = await Promise.all([takeElsewhere(path, ...CONTAINER), takeElsewhere(path)]);
    for (const refused of [second, third]) expect(refused.answer).toContain('of another container or machine; end that one');
    await kill(child);
    expect((await takeElsewhere(path, ...CONTAINER)).answer).toBe('has it');
  });
});
