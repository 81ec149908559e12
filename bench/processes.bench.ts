import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { add, type Case, echoRecords, holdCase } from './cases.js';
import type { Rounds } from './contest.js';
import { type ServerName, Servers } from './servers.js';

const ROUNDS: Rounds = { rounds: 9, warmUpMs: 200, ms: 800 };
const NAMES: readonly ServerName[] = ['Nest, 1 process', 'Nest, 2 processes'];

/**
 * Cases with a large and a small share of CPU in the server. A second process pays only if the server needs most of the CPU; if the
 * generator needs as much, two cores are too few.
 */
const TASKS: Record<string, Case> = {
  'echo of 100 records, 64 connections': echoRecords(64),
  'add, 64 connections': add(64),
};

/** Measures a port that the processes of a `node:cluster` share. The generator runs on the same machine. */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  try {
    const rows: BenchmarkRow[] = [];
    for (const [name, theCase] of Object.entries(TASKS)) {
      if (!name.includes(options.case)) continue;
      const contest = await holdCase(servers, NAMES, theCase, ROUNDS, options);
      for (const server of NAMES) {
        rows.push({
          case: name,
          server,
          'a second': contest.median(server, 'rate'),
          '× first': contest.ratio(server, NAMES[0]!),
          'CPU, µs': contest.median(server, 'cpu'),
          'p99, µs': contest.median(server, 'p99'),
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
