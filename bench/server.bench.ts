import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { compete, type Contender } from './contest.js';
import { LoadGenerator } from './load.js';
import { records } from './records.js';
import { type RunningServer, startNode, startPython } from './servers.js';

interface Task {
  name: string;
  method: string;
  args: unknown[];
  connections: number;
  /** Servers that cannot do it, or show nothing new by it: the raw one answers everything alike. */
  without: string[];
}

const tasks: Task[] = [
  { name: 'add, 64 connections', method: 'add', args: [17, 25], connections: 64, without: [] },
  { name: 'add, 1 connection', method: 'add', args: [17, 25], connections: 1, without: ['guarded', 'session'] },
  {
    name: 'echo 100 records, 64 connections',
    method: 'echo',
    args: [records],
    connections: 64,
    without: ['raw', 'guarded', 'session'],
  },
];

/** Calls per second of our servers beside Pyro5's own, by the same generator. Generator and server share the machine. */
const benchmark: Benchmark = async (options) => {
  const nest = await startNode('nest');
  const servers: Record<string, RunningServer & { object?: string }> = {
    'Pyro5 thread': await startPython('servers/pyro5.py', 'thread'),
    'Pyro5 multiplex': await startPython('servers/pyro5.py', 'multiplex'),
    raw: await startNode('raw'),
    core: await startNode('core'),
    nest,
    guarded: { ...nest, object: 'guarded' },
    session: { ...nest, object: 'session' },
  };
  try {
    const rows: BenchmarkRow[] = [];
    for (const { name, without, ...call } of tasks) {
      const contenders = Object.entries(servers)
        .filter(([server]) => !without.includes(server))
        .map(([server, { location, object = 'bench' }]): Contender => {
          return { name: server, measure: (turn) => LoadGenerator.measure({ ...call, location, object }, turn) };
        });
      rows.push(...(await compete(name, 'calls/s', contenders, options)));
    }
    return rows;
  } finally {
    await Promise.all([...new Set(Object.values(servers).map(({ program }) => program))].map((program) => program.stop()));
  }
};

export default benchmark;
