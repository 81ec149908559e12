import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { configError } from '../../options/option-checks.js';

/** The content of a lock file. */
interface Holder {
  readonly pid: number;
  /** Start time of the process, in the system's own unit: another process may have the same id later. Undefined when it is not known. */
  readonly began: string | undefined;
  readonly token: string;
}

/** Keeps two processes from writing the same file. The lock of a process that was killed does not count. */
export class FileLock {
  private constructor(private readonly path: string) {}

  /**
   * Takes the lock of a file. Makes the directory if there is none.
   *
   * @throws {PyroError} `CONFIG`, when another process has it
   */
  static async take(file: string): Promise<FileLock> {
    const path = `${file}.lock`;
    await mkdir(dirname(path), { recursive: true });
    const own: Holder = { pid: process.pid, began: await beginOf(process.pid), token: randomUUID() };
    for (;;) {
      try {
        await writeFile(path, JSON.stringify(own), { flag: 'wx' });
        return new FileLock(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = await holderOf(path);
      if (holder === undefined) continue;
      if (await isAlive(holder)) throw inUse(file, holder);
      await removeStale(file, path, holder);
    }
  }

  async release(): Promise<void> {
    await rm(this.path, { force: true });
  }
}

/** Moves a stale lock away. Another process may have replaced the lock meanwhile: then its lock is put back. */
async function removeStale(file: string, path: string, stale: Holder): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = await holderOf(aside);
  if (moved !== undefined && moved.token !== stale.token) {
    await rename(aside, path);
    throw inUse(file, moved);
  }
  await rm(aside, { force: true });
}

/** @returns undefined when the lock is gone */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // a process that was killed while it wrote the lock
    if (error instanceof SyntaxError) return { pid: 0, began: undefined, token: '' };
    throw error;
  }
}

async function isAlive({ pid, began }: Holder): Promise<boolean> {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return began === undefined || began === (await beginOf(pid));
}

/** Start time of a process; undefined when the system has no `/proc`. */
async function beginOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // the name of the program, in brackets, may have spaces; the 20th field after it is the start time
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

const inUse = (file: string, { pid }: Holder): Error =>
  configError(`storage: ${file} is used by the name server in process ${pid}; end that one, or give another file`);
