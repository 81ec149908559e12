import { execFileSync } from 'node:child_process';

/**
 * Runs `work` while this process and others share one CPU: so the result does not depend on how fast processes wake each other.
 *
 * @returns true when the processes shared a CPU, which needs `taskset`
 */
export async function onOneCpu<T>(pids: readonly number[], work: () => Promise<T>): Promise<[result: T, shared: boolean]> {
  const all = [process.pid, ...pids];
  const allowed = allowedCpus();
  if (allowed === undefined) return [await work(), false];
  const [first] = allowed.split(/[,-]/);
  for (const pid of all) allow(pid, first!);
  try {
    return [await work(), true];
  } finally {
    for (const pid of all) allow(pid, allowed);
  }
}

/** As `0,1` or `0-3`. */
function allowedCpus(): string | undefined {
  try {
    return taskset('-c', '-p', String(process.pid)).split(': ').at(-1)!.trim();
  } catch {
    return undefined;
  }
}

/** All threads of the process. */
function allow(pid: number, cpus: string): void {
  taskset('-a', '-c', '-p', cpus, String(pid));
}

function taskset(...args: string[]): string {
  return execFileSync('taskset', args, { encoding: 'utf8' });
}
