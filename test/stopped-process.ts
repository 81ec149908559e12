import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/**
 * Stops a process, as if its machine were too busy to answer; `SIGCONT` lets it go on. Returns when it has stopped: on a busy machine
 * the signal takes its time, and until then another thread of the process may still answer.
 */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const until = Date.now() + 20_000;
  while (!(await hasStopped(pid))) {
    if (Date.now() > until) throw new Error(`process ${pid} has not stopped within 20 s`);
    await sleep(5);
  }
}

async function hasStopped(pid: number): Promise<boolean> {
  if (platform() !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)]);
    return stdout.trim().startsWith('T');
  }
  const threads = `/proc/${pid}/task`;
  const states = await Promise.all((await readdir(threads)).map((thread) => readFile(`${threads}/${thread}/stat`, 'latin1')));
  // `12 (name) T …`, and the name may have brackets
  return states.every((state) => state.slice(state.lastIndexOf(')')).startsWith(') T'));
}
