import type { Benchmark, BenchmarkOptions } from './benchmark.js';
import { add, type Case, contenderFor, echoBytes, echoRecords, holdCase, items, oneway, visits } from './cases.js';
import { Clients } from './clients.js';
import { nodeCodecs, PAYLOADS } from './codecs.js';
import { Contest, type Rounds } from './contest.js';
import { type Floor, floorRow, ratioFloor } from './floor.js';
import { idleMemory } from './idle-memory.js';
import { onOneCpu } from './one-cpu.js';
import { type ServerName, Servers } from './servers.js';
import { smokeFloor } from './smoke-floor.js';

const ROUNDS: Rounds = { rounds: 9, warmUpMs: 200, ms: 800 };
const CODEC_ROUNDS: Rounds = { rounds: 101, warmUpMs: 0, ms: 10 };
const KIB = 1024;

/** The floors of the project, row by row. Each ratio is the median of the rounds of one contest. */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  try {
    const floors: Floor[] = [];
    for (const [name, measure] of Object.entries(SECTIONS)) {
      if (name.includes(options.case)) floors.push(...(await measure(servers, options)));
    }
    const failures = options.smoke && options.floor ? await smokeFloor(servers) : [];
    return { rows: floors.map((floor) => floorRow(floor, !options.smoke)), failures };
  } finally {
    await servers.stop();
  }
};

export default benchmark;

type Section = (servers: Servers, options: BenchmarkOptions) => Promise<Floor[]>;

const SECTIONS: Record<string, Section> = {
  async 'add, 64 connections'(servers, options) {
    const names: ServerName[] = [
      'raw',
      'Nest',
      'core',
      'Nest, guard + interceptor',
      'Nest, DTO + async method',
      'Nest, session',
      'Nest, percall',
      'Nest, request-scoped guard',
      'Nest TCP',
      'Pyro5 thread',
      'Pyro5 multiplex',
    ];
    const contest = await holdCase(servers, names, add(64), ROUNDS, options);
    const floor = (name: ServerName, other: ServerName, limits: Parameters<typeof ratioFloor>[4]): Floor =>
      ratioFloor(contest, 'add, 64 connections', name, other, limits);
    return [
      floor('Nest', 'raw', { floor: 0.85, mark: 1 }),
      floor('Nest', 'Nest TCP', { floor: 3.5, mark: 4.5 }),
      floor('Nest', 'Pyro5 thread', { floor: 16, mark: 20 }),
      floor('Nest', 'Pyro5 multiplex', { floor: 8, mark: 10 }),
      floor('core', 'raw', { floor: 0.92, mark: 1.1 }),
      floor('Nest, guard + interceptor', 'raw', { floor: 0.78, mark: 0.9 }),
      floor('Nest, DTO + async method', 'raw', { floor: 0.35, mark: 0.5 }),
      floor('Nest, session', 'raw', { floor: 0.75, mark: 0.85 }),
      floor('Nest, percall', 'raw', { floor: 0.35, mark: 0.5 }),
      floor('Nest, request-scoped guard', 'raw', { floor: 0.15, mark: 0.25 }),
      floor('Nest', 'raw', { figure: 'p99', floor: 1.6, mark: 1.2, atMost: true }),
    ];
  },

  async 'add, 1 connection, one CPU'(servers, options) {
    const names: ServerName[] = ['raw', 'Nest', 'Pyro5 thread'];
    const pids = await Promise.all(names.map(async (name) => (await servers.get(name)).pid));
    const [contest, shared] = await onOneCpu(pids, () => holdCase(servers, names, add(1), ROUNDS, options));
    const task = `add, 1 connection, ${shared ? 'one CPU' : 'any CPU (no taskset here)'}`;
    return [
      ratioFloor(contest, task, 'Nest', 'raw', { floor: 0.85, mark: 0.95 }),
      ratioFloor(contest, task, 'Nest', 'Pyro5 thread', { floor: 4, mark: 5 }),
    ];
  },

  async '100 records, 64 connections'(servers, options) {
    const contest = await holdCase(servers, ['Nest', 'Nest TCP', 'Pyro5 thread'], echoRecords(64), ROUNDS, options);
    return [
      ratioFloor(contest, '100 records, 64 connections', 'Nest', 'Nest TCP', { floor: 1.05, mark: 1.3 }),
      ratioFloor(contest, '100 records, 64 connections', 'Nest', 'Pyro5 thread', { floor: 25, mark: 30 }),
    ];
  },

  async 'add, 1,000 connections'(servers, options) {
    const contender = (name: ServerName, connections: number) =>
      contenderFor(servers, name, add(connections), `${name}, ${connections}`);
    const contenders = await Promise.all([
      contender('raw', 64),
      contender('Nest', 64),
      contender('raw', 1_000),
      contender('Nest', 1_000),
    ]);
    const contest = await Contest.hold(contenders, ROUNDS, options);
    const falls = (name: string): number => contest.ratio(`${name}, 1000`, `${name}, 64`);
    const measured = falls('Nest') - falls('raw');
    const detail = `rate at 1,000 ÷ rate at 64: Nest ${falls('Nest').toFixed(2)}, raw ${falls('raw').toFixed(2)}`;
    return [{ case: 'add, 1,000 connections beside 64: Nest − raw', measured, floor: -0.03, detail }];
  },

  async 'serpent, records'(_servers, options) {
    const [read, write] = [
      await Contest.hold(nodeCodecs(PAYLOADS.records, 'read'), CODEC_ROUNDS, options),
      await Contest.hold(nodeCodecs(PAYLOADS.records, 'write'), CODEC_ROUNDS, options),
    ];
    return [
      {
        case: 'serpent, records: reading ÷ JSON.parse',
        measured: 1 / read.ratio('serpent', 'JSON'),
        floor: 1.05,
        mark: 0.9,
        atMost: true,
      },
      {
        case: 'serpent, records: writing ÷ JSON.stringify',
        measured: 1 / write.ratio('serpent', 'JSON'),
        floor: 1.1,
        mark: 0.95,
        atMost: true,
      },
    ];
  },

  async '10 MiB of bytes, 4 connections'(servers, options) {
    return compareWithThread(servers, '10 MiB of bytes, 4 connections', echoBytes(10, 4), { floor: 8, mark: 12 }, options);
  },

  async 'stream items, 16 connections'(servers, options) {
    return compareWithThread(servers, 'stream items, 16 connections', items(16), { floor: 3, mark: 5 }, options);
  },

  async 'oneway, 16 connections'(servers, options) {
    return compareWithThread(servers, 'oneway, 16 connections', oneway(16), { floor: 3, mark: 5 }, options);
  },

  async 'connect + call + close, 16 at a time'(servers, options) {
    return compareWithThread(servers, 'connect + call + close, 16 at a time', visits(16), { floor: 3, mark: 5 }, options);
  },

  async 'our client, 16 connections'(servers, options) {
    const clients = await Clients.start();
    try {
      const { location } = await servers.get('raw');
      const names = ['raw client', 'our proxy', "Python's proxies"] as const;
      const contenders = names.map((name) => clients.contenderFor(name, add(16), location));
      const contest = await Contest.hold(contenders, ROUNDS, options);
      return [
        ratioFloor(contest, 'client, 16 connections', 'our proxy', 'raw client', { floor: 0.6, mark: 0.75 }),
        ratioFloor(contest, 'client, 16 connections', 'our proxy', "Python's proxies", { floor: 6, mark: 8 }),
      ];
    } finally {
      await clients.stop();
    }
  },

  async 'idle connection'(_servers, options) {
    const { heap, process } = await idleMemory('Nest', options);
    return [
      { case: 'idle connection, Nest: heap, KiB', measured: heap / KIB, floor: 2.5, mark: 1.5, atMost: true },
      { case: 'idle connection, Nest: process memory, KiB', measured: process / KIB, floor: 4.5, mark: 3.5, atMost: true },
    ];
  },
};

async function compareWithThread(
  servers: Servers,
  task: string,
  theCase: Case,
  limits: { floor: number; mark: number },
  options: BenchmarkOptions,
): Promise<Floor[]> {
  const contest = await holdCase(servers, ['Nest', 'Pyro5 thread'], theCase, ROUNDS, options);
  return [ratioFloor(contest, task, 'Nest', 'Pyro5 thread', limits)];
}
