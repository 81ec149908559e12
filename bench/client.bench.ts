import { PyroProxy, type RemoteObject } from 'nestjs-pyro/core';
import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { compete, type Contender, type Turn } from './contest.js';
import { LoadGenerator } from './load.js';
import { startNode, startPython } from './servers.js';

/** What is done again and again: a call, a pull of an item, a call as one of a batch of 100. */
type Kind = 'call' | 'stream' | 'batch';

interface Task {
  name: string;
  kind: Kind;
  method: string;
  args: unknown[];
  connections: number;
  /** Servers that can do it. */
  servers: string[];
}

const BATCH_LENGTH = 100;
const ENDLESS = 1_000_000_000;

const everywhere = ['Pyro5 thread', 'core', 'raw'];
const both = ['Pyro5 thread', 'core'];
const tasks: Task[] = [
  { name: 'add, 1 connection', kind: 'call', method: 'add', args: [17, 25], connections: 1, servers: everywhere },
  { name: 'add, 16 connections', kind: 'call', method: 'add', args: [17, 25], connections: 16, servers: everywhere },
  { name: '100 records', kind: 'call', method: 'records', args: [], connections: 1, servers: both },
  { name: 'items of a stream', kind: 'stream', method: 'items', args: [ENDLESS], connections: 1, servers: both },
  { name: 'batch of 100 add', kind: 'batch', method: 'add', args: [17, 25], connections: 1, servers: both },
];

/**
 * Calls per second of our proxy beside Python's own and a bare generator, against the same servers: Python's, ours, and one that
 * looks at nothing. Client and server share the machine.
 */
const benchmark: Benchmark = async (options) => {
  const driver = await startPython('clients/pyro5.py');
  const servers = {
    'Pyro5 thread': await startPython('servers/pyro5.py', 'thread'),
    core: await startNode('core'),
    raw: await startNode('raw'),
  };
  const python = PyroProxy.to<PythonDriver>(`PYRO:driver@${driver.location}`);
  try {
    const rows: BenchmarkRow[] = [];
    for (const task of tasks) {
      for (const [server, { location }] of Object.entries(servers)) {
        if (!task.servers.includes(server)) continue;
        const contenders = contendersFor(task, location, python);
        rows.push(
          ...(await compete(`${server}: ${task.name}`, task.kind === 'stream' ? 'items/s' : 'calls/s', contenders, options)),
        );
      }
    }
    return rows;
  } finally {
    await python.$release();
    await Promise.all([driver, ...Object.values(servers)].map(({ program }) => program.stop()));
  }
};

export default benchmark;

interface PythonDriver {
  measure(
    location: string,
    kind: Kind,
    method: string,
    args: unknown[],
    connections: number,
    warmUpSeconds: number,
    seconds: number,
  ): number;
}

function contendersFor(task: Task, location: string, python: RemoteObject<PythonDriver>): Contender[] {
  const { kind, method, args, connections } = task;
  const contenders: Contender[] = [
    {
      name: 'Python proxy',
      measure: ({ warmUpMs, ms }) => python.measure(location, kind, method, args, connections, warmUpMs / 1_000, ms / 1_000),
    },
    { name: 'our proxy', measure: (turn) => measureProxy(task, location, turn) },
  ];
  if (kind === 'call') {
    const load = { location, object: 'bench', method, args, connections };
    contenders.push({ name: 'raw', measure: (turn) => LoadGenerator.measure(load, turn) });
  }
  return contenders;
}

/** One proxy with a pool of connections, and as many callers, who each wait for their reply. */
async function measureProxy({ kind, method, args, connections }: Task, location: string, turn: Turn): Promise<number> {
  const proxy = PyroProxy.to(`PYRO:bench@${location}`, { poolSize: connections });
  let count = 0;
  let until = Infinity;
  const goesOn = (times: number): boolean => {
    count += times;
    return performance.now() < until;
  };
  try {
    await proxy.$connect();
    const callers = Promise.all(Array.from({ length: connections }, () => callersOf[kind](proxy, method, args, goesOn)));
    await Promise.race([callers, pause(turn.warmUpMs)]);
    count = 0;
    const begun = performance.now();
    until = begun + turn.ms;
    await callers;
    return count / ((performance.now() - begun) / 1_000);
  } finally {
    await proxy.$release();
  }
}

/** Goes on until it is told not to; tells how many times it did it. */
type Caller = (proxy: RemoteObject, method: string, args: unknown[], goesOn: (times: number) => boolean) => Promise<void>;

const callersOf: Record<Kind, Caller> = {
  async call(proxy, method, args, goesOn) {
    const remote = proxy[method]!;
    do await remote(...args);
    while (goesOn(1));
  },
  async stream(proxy, method, args, goesOn) {
    for await (const _ of (await proxy[method]!(...args)) as AsyncIterable<unknown>) if (!goesOn(1)) break;
  },
  async batch(proxy, method, args, goesOn) {
    do {
      await proxy.$batch((recorder) => {
        for (let index = 0; index < BATCH_LENGTH; index++) recorder[method]!(...args);
      });
    } while (goesOn(BATCH_LENGTH));
  },
};

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
