import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { median } from './contest.js';
import { idleMemory } from './idle-memory.js';
import type { ServerName } from './servers.js';

const KIB = 1024;
const ROUNDS = 3;
const SERVERS: readonly ServerName[] = ['raw', 'core', 'Nest', 'Nest, session'];

/** Memory of a connection that has made one call and is idle now. */
const benchmark: Benchmark = async (options) => {
  const rows: BenchmarkRow[] = [];
  for (const server of SERVERS) {
    if (!server.includes(options.server)) continue;
    const rounds = [];
    for (let round = 0; round < (options.smoke ? 1 : ROUNDS); round++) rounds.push(await idleMemory(server, options));
    const kib = (bytes: number[]): number => median(bytes) / KIB;
    rows.push({
      server,
      'heap, KiB': kib(rounds.map(({ heap }) => heap)),
      'process, KiB': kib(rounds.map(({ process }) => process)),
    });
  }
  return { rows };
};

export default benchmark;
