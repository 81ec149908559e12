import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { add, batches, type Case, echoBytes, echoRecords, echoText, holdCase, items, oneway, visits } from './cases.js';
import type { Rounds } from './contest.js';
import { type ServerName, SERVERS, Servers } from './servers.js';

const ROUNDS: Rounds = { rounds: 5, warmUpMs: 200, ms: 700 };

const ALL = (Object.keys(SERVERS) as ServerName[]).filter((name) => !/process|objects/.test(name));
const PYRO: ServerName[] = ['Pyro5 thread', 'Pyro5 multiplex', 'core', 'Nest'];
const OURS_AND_THREAD: ServerName[] = ['Pyro5 thread', 'core', 'Nest'];
/** All but the variants under Nest. The figures are compared with the first. */
const MAIN: ServerName[] = ['raw', 'raw, turns', 'core', 'Nest', 'Nest TCP', 'Nest gRPC', 'Pyro5 thread', 'Pyro5 multiplex'];

interface Task {
  case: Case;
  servers: readonly ServerName[];
}

/** The raw server knows only the reply of `add`, and Nest's own transports have no batches, oneway calls nor streams of their own. */
const TASKS: Record<string, Task> = {
  'add, 64 connections': { case: add(64), servers: ALL },
  'add, 1 connection': { case: add(1), servers: MAIN },
  'add, 8 connections': { case: add(8), servers: MAIN },
  'add, 256 connections': { case: add(256), servers: MAIN },
  'add, 1,000 connections': { case: add(1_000), servers: MAIN.filter((name) => name !== 'Nest gRPC') },
  'echo of 1 KiB, 64 connections': { case: echoText(1_024, 64), servers: [...PYRO, 'Nest TCP'] },
  'echo of 100 records, 64 connections': { case: echoRecords(64), servers: [...PYRO, 'Nest TCP'] },
  'echo of 1 MiB of bytes, 4 connections': { case: echoBytes(1, 4), servers: PYRO },
  'echo of 10 MiB of bytes, 4 connections': { case: echoBytes(10, 4), servers: PYRO },
  'add beside 10 MiB on 4, 64 connections': { case: { ...add(64), background: echoBytes(10, 4) }, servers: OURS_AND_THREAD },
  'batches of 100 add, 16 connections': { case: batches(16), servers: PYRO },
  'oneway add, 16 connections': { case: oneway(16), servers: PYRO },
  'stream items, 16 connections': { case: items(16), servers: PYRO },
  'connect + call + close, 16 at a time': { case: visits(16), servers: ['raw', ...PYRO, 'Nest TCP'] },
  'add, json, 64 connections': { case: { ...add(64), serializer: 'json' }, servers: OURS_AND_THREAD },
  'add, marshal, 64 connections': { case: { ...add(64), serializer: 'marshal' }, servers: OURS_AND_THREAD },
  'add, msgpack, 64 connections': { case: { ...add(64), serializer: 'msgpack' }, servers: OURS_AND_THREAD },
  '100 records, json, 64 connections': { case: { ...echoRecords(64), serializer: 'json' }, servers: OURS_AND_THREAD },
  '100 records, marshal, 64 connections': { case: { ...echoRecords(64), serializer: 'marshal' }, servers: OURS_AND_THREAD },
  '100 records, msgpack, 64 connections': { case: { ...echoRecords(64), serializer: 'msgpack' }, servers: OURS_AND_THREAD },
};

/** Compares the servers of this package with Pyro5, Nest's own transports and a raw Node socket, under the same load. */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  try {
    const rows: BenchmarkRow[] = [];
    for (const [name, task] of Object.entries(TASKS)) {
      if (!name.includes(options.case)) continue;
      const [first] = task.servers;
      // the others are compared with the first
      const names = task.servers.filter((server) => server === first || server.includes(options.server));
      const contest = await holdCase(servers, names, task.case, ROUNDS, options);
      for (const server of names) {
        rows.push({
          case: name,
          server,
          'a second': contest.median(server, 'rate'),
          '× first': contest.ratio(server, first!),
          'by CPU': contest.ratio(first!, server, 'cpu'),
          'CPU, µs': contest.median(server, 'cpu'),
          'p50, µs': contest.median(server, 'p50'),
          'p99, µs': contest.median(server, 'p99'),
          'server, cores': contest.median(server, 'server'),
          generator: contest.median(server, 'generator'),
        });
      }
    }
    return { rows };
  } finally {
    await servers.stop();
  }
};

export default benchmark;
