import { readFile, writeFile } from 'node:fs/promises';
import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { type Case, contenderFor, echoBytes, items } from './cases.js';
import { type ServerName, Servers } from './servers.js';

const MIB = 1024 * 1024;
const SERVERS: readonly ServerName[] = ['core', 'Nest', 'Pyro5 thread'];
const TURN = { warmUpMs: 0, ms: 2_000 };

interface Task {
  case: Case;
  /** Number of calls or items after which a turn ends. */
  count: number;
}

const TASKS: Record<string, Task> = {
  '4 clients echo 10 MiB of bytes': { case: echoBytes(10, 4), count: 100 },
  '100 clients echo 10 MiB of bytes': { case: echoBytes(10, 100), count: 200 },
  'a million items of streams': { case: items(16), count: 1_000_000 },
};

/**
 * Memory of a server while values are large or many. `start`: after one small turn; `peak`: the most that the process had; `end`: after a
 * garbage collection, with the clients gone. Peaks are read from Linux; elsewhere they are missing.
 */
const benchmark: Benchmark = async (options) => {
  const rows: BenchmarkRow[] = [];
  for (const [name, task] of Object.entries(TASKS)) {
    if (!name.includes(options.case)) continue;
    for (const server of SERVERS) {
      if (server.includes(options.server)) rows.push({ case: name, server, ...(await measure(server, task, options.smoke)) });
    }
  }
  return { rows };
};

export default benchmark;

async function measure(name: ServerName, { case: theCase, count }: Task, smoke: boolean): Promise<BenchmarkRow> {
  const servers = new Servers();
  try {
    const server = await servers.get(name);
    const connections = smoke ? Math.min(4, theCase.connections) : theCase.connections;
    const first = await contenderFor(servers, name, { ...theCase, connections: 1 });
    const contender = await contenderFor(servers, name, { ...theCase, connections });
    await first.measure({ warmUpMs: 0, ms: 1 });
    const startMib = await residentMib(server.pid, 'VmRSS');
    await forgetPeak(server.pid);
    const turn = smoke ? { warmUpMs: 0, ms: 5 } : TURN;
    for (let calls = 0; calls < count;) {
      const { rate } = await contender.measure(turn);
      calls = smoke ? count : calls + (rate * turn.ms) / 1_000;
    }
    const peakMib = await residentMib(server.pid, 'VmHWM');
    if (name !== 'Pyro5 thread') await server.memory();
    return { 'start, MiB': startMib, 'peak, MiB': peakMib, 'end, MiB': await residentMib(server.pid, 'VmRSS') };
  } finally {
    await servers.stop();
  }
}

/** @param field `VmRSS`: the present memory of the process; `VmHWM`: the largest */
async function residentMib(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1];
  return (Number(kib) * 1_024) / MIB;
}

async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined);
}
