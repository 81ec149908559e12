import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, readlink, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { configError } from '../../options/option-checks.js';

/** The content of a lock file. */
interface Holder {
  readonly pid: number;
  /** Start time of the process, in the system's own unit: another process may have the same id later. Undefined when it is not known. */
  readonly began: string | undefined;
  /** Where the number of the process means something: see {@link findOwnSpace}. */
  readonly space: string;
  readonly token: string;
}

/** Pause between two times at which the holder of a lock writes it again, so that processes that cannot see the holder know that it lives. */
const HEARTBEAT_MS = 2_000;
/** A lock that was not written for so long is free, if the holder is in a space of processes that this process cannot see. */
const DEAD_AFTER_MS = 10_000;
const LOOK_AGAIN_MS = 250;

/**
 * Keeps two processes from writing the same file, also from two containers or machines that share a volume.
 *
 * The lock of a process that was killed does not count. In the same space of processes this is seen at once. Elsewhere the holder counts
 * as dead when it has not written its lock for ten seconds, by the clock of the file system or of the process that waits.
 */
export class FileLock {
  private readonly heartbeat: NodeJS.Timeout;

  private constructor(
    /** The locked file, without symbolic links. */
    readonly file: string,
    private readonly path: string,
    private readonly own: Holder,
  ) {
    this.heartbeat = setInterval(() => void this.beat().catch(() => undefined), HEARTBEAT_MS).unref();
  }

  /**
   * Takes the lock of a file. Makes the directory if there is none. Waits for ten seconds at most to learn whether the holder lives.
   *
   * @throws {PyroError} `CONFIG`, when another process has the lock
   */
  static async take(given: string): Promise<FileLock> {
    await mkdir(dirname(given), { recursive: true });
    const file = await withoutLinks(given);
    const path = `${file}.lock`;
    const own: Holder = { pid: process.pid, began: await beginOf(process.pid), space: await findOwnSpace(), token: randomUUID() };
    const ready = `${path}.${own.token}`;
    try {
      for (;;) {
        // the lock has its content from its first moment on
        await writeFile(ready, JSON.stringify(own));
        if (await isMade(link(ready, path), 'EEXIST')) return new FileLock(file, path, own);
        const holder = await holderOf(path);
        if (holder === undefined) continue;
        if (await isAlive(holder, path, ready, own.space)) throw inUse(given, holder, own.space);
        const other = await removeStale(path, holder);
        if (other) throw inUse(given, other, own.space);
      }
    } finally {
      await rm(ready, { force: true });
    }
  }

  /** @throws when another process has taken the lock, because this one stood still for too long */
  async check(): Promise<void> {
    const holder = await holderOf(this.path);
    if (holder?.token === this.own.token) return;
    throw new Error(
      `this process stood still, and the file ${holder ? `belongs to process ${holder.pid} now` : 'was given up'}; start the name server again`,
    );
  }

  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    if ((await holderOf(this.path))?.token === this.own.token) await rm(this.path, { force: true });
  }

  /** Writes the lock again: the file system notes the time. */
  private async beat(): Promise<void> {
    const file = await open(this.path, 'r+');
    try {
      const content = await file.readFile('utf8');
      if (content === JSON.stringify(this.own)) await file.write(content, 0);
    } finally {
      await file.close();
    }
  }
}

/**
 * True when the holder of a lock lives. In another space of processes the lock is watched until it is written again, or is too old. The
 * time of a lock lies in the future when the clock was set back: then the time for which the lock was watched decides.
 *
 * @param clock a file beside the lock, which is written again to learn the time of the file system
 */
async function isAlive(holder: Holder, path: string, clock: string, ownSpace: string): Promise<boolean> {
  if (holder.space === ownSpace) return isRunning(holder);
  const first = await writtenMs(path);
  const start = performance.now();
  for (;;) {
    const written = await writtenMs(path);
    // gone, or written again
    if (written === undefined || written !== first) return written !== undefined;
    if (performance.now() - start > DEAD_AFTER_MS) return false;
    await writeFile(clock, 'clock');
    if ((await writtenMs(clock))! - written > DEAD_AFTER_MS) return false;
    await sleep(LOOK_AGAIN_MS);
  }
}

/** When a file was written last, by the clock of the file system; undefined when there is no such file. */
async function writtenMs(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Moves a stale lock away. Another process may have replaced the lock meanwhile: then its lock is put back.
 *
 * @returns the other process
 */
async function removeStale(path: string, stale: Holder): Promise<Holder | undefined> {
  const aside = `${path}.${randomUUID()}`;
  if (!(await isMade(rename(path, aside), 'ENOENT'))) return undefined;
  try {
    const moved = await holderOf(aside);
    if (moved === undefined || moved.token === stale.token) return undefined;
    // a third process may have a lock now: then the holder of this one finds out before it writes
    await isMade(link(aside, path), 'EEXIST');
    return moved;
  } finally {
    await rm(aside, { force: true });
  }
}

/** @returns false when the change failed with the code */
async function isMade(change: Promise<void>, code: string): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return false;
    throw error;
  }
}

/** @returns undefined when the lock is gone */
async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // no lock of this program: it counts until it is old
    if (error instanceof SyntaxError) return { pid: 0, began: undefined, space: '', token: '' };
    throw error;
  }
}

async function isRunning({ pid, began }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const beganNow = await beginOf(pid);
  return began === undefined || beganNow === undefined || began === beganNow;
}

/**
 * Names the space in which a number stands for one process: on Linux the start of the machine and the namespace of processes, which a
 * container has of its own; elsewhere the machine.
 */
async function findOwnSpace(): Promise<string> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** When a process began; undefined where the system does not tell. */
async function beginOf(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // the name of the program, in brackets, may have spaces; the first field after it is the state, the 20th the start
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'ended, and its parent has not noticed' : fields[19];
  } catch {
    return undefined;
  }
}

/** The path of a file without symbolic links, so that all processes mean the same file. The file need not be there. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const target = await readlink(path).catch(() => undefined);
  if (target !== undefined) return withoutLinks(resolve(dirname(path), target));
  return join(await realpath(dirname(path)), basename(path));
}

function inUse(file: string, { pid, space }: Holder, ownSpace: string): Error {
  const where = space === ownSpace ? '' : ' of another container or machine';
  return configError(`storage: ${file} is used by the name server in process ${pid}${where}; end that one, or give another file`);
}
