import { join } from 'node:path';
import { packageRoot } from '../scripts/package-root.js';
import { Program } from '../scripts/program.js';
import { ensurePythonEnv } from '../test/interop/python-env.js';
import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { LoadGenerator } from './load.js';

const ROUNDS = 5;

interface Contender {
  name: string;
  object: string;
  program: Program;
  location: string;
}

interface Task {
  name: string;
  method: string;
  args: unknown[];
  connections: number;
  /** Contenders that cannot do it: the raw one answers everything alike. */
  without: string[];
}

const records = Array.from({ length: 100 }, (_, i) => ({
  id: i,
  name: `sample number ${i}`,
  tags: ['one', 'two'],
  position: { x: i * 1.5, y: -i / 3 },
  active: i % 2 === 0,
  note: null,
}));

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

/**
 * Calls per second of our servers beside Pyro5's own, by the same generator, all in turn within each round. The ratio is the median
 * of the rounds' ratios to Pyro5's threaded server: the machine's mood cancels out of it. Generator and server share the machine.
 */
const benchmark: Benchmark = async ({ smoke }) => {
  const contenders = await startAll();
  try {
    const rows: BenchmarkRow[] = [];
    for (const task of tasks) rows.push(...(await measure(task, contenders, smoke)));
    return rows;
  } finally {
    await Promise.all(contenders.map(({ program }) => program.stop()));
  }
};

export default benchmark;

async function measure(task: Task, all: readonly Contender[], smoke: boolean): Promise<BenchmarkRow[]> {
  const contenders = all.filter(({ name }) => !task.without.includes(name));
  const figures = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < (smoke ? 1 : ROUNDS); round++) {
    for (const { name, location, object } of contenders) {
      const generator = await LoadGenerator.open({ ...task, location, object });
      if (!smoke) await generator.run(300);
      figures.get(name)!.push(await generator.run(smoke ? 20 : 1_200));
      generator.close();
    }
  }
  const thread = figures.get('Pyro5 thread')!;
  return contenders.map(({ name }) => {
    const own = figures.get(name)!;
    return {
      name: `${task.name}: ${name}`,
      value: median(own),
      unit: 'calls/s',
      note: `${median(own.map((figure, round) => figure / thread[round]!)).toFixed(2)} × Pyro5 thread`,
    };
  });
}

async function startAll(): Promise<Contender[]> {
  const python = await ensurePythonEnv();
  const pyro5 = join(packageRoot, 'bench/servers/pyro5.py');
  const ours = (name: string): [string, string[]] => [process.execPath, [join(import.meta.dirname, `servers/${name}.js`)]];
  const nest = await start(...ours('nest'));
  const contenders = [
    { name: 'Pyro5 thread', object: 'bench', ...(await start(python, [pyro5, 'thread'])) },
    { name: 'Pyro5 multiplex', object: 'bench', ...(await start(python, [pyro5, 'multiplex'])) },
    { name: 'raw', object: 'bench', ...(await start(...ours('raw'))) },
    { name: 'core', object: 'bench', ...(await start(...ours('core'))) },
    { name: 'nest', object: 'bench', ...nest },
    { name: 'guarded', object: 'guarded', ...nest },
    { name: 'session', object: 'session', ...nest },
  ];
  return contenders;
}

async function start(command: string, args: string[]): Promise<{ program: Program; location: string }> {
  const program = new Program(command, args, { timeoutMs: 600_000 });
  const location = await program.line('ready: ');
  return { program, location };
}

function median(figures: number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
