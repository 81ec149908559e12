import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { add, batches, type Case, items } from './cases.js';
import { type ClientName, Clients } from './clients.js';
import { Contest, type Rounds } from './contest.js';
import { type ServerName, Servers } from './servers.js';
import { records } from './values.js';

const ROUNDS: Rounds = { rounds: 5, warmUpMs: 200, ms: 700 };
const CLIENTS: readonly ClientName[] = ["Python's proxies", 'our proxy', 'raw client'];

const getRecords: Case = { kind: 'call', method: 'records', args: [], expected: records, connections: 1 };

const TASKS: Record<string, { case: Case; servers: readonly ServerName[] }> = {
  'add, 1 connection': { case: add(1), servers: ['Pyro5 thread', 'core', 'raw'] },
  'add, 16 connections': { case: add(16), servers: ['Pyro5 thread', 'core', 'raw'] },
  '100 records, 1 connection': { case: getRecords, servers: ['Pyro5 thread', 'core'] },
  'stream items, 1 connection': { case: items(1), servers: ['Pyro5 thread', 'core'] },
  'batches of 100 add, 1 connection': { case: batches(1), servers: ['Pyro5 thread', 'core'] },
};

/**
 * Compares the proxy of this package with Python's proxy and a client of fixed bytes, against the same servers. CPU is the CPU of the
 * client.
 */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  const clients = await Clients.start();
  try {
    const rows: BenchmarkRow[] = [];
    for (const [name, task] of Object.entries(TASKS)) {
      if (!name.includes(options.case)) continue;
      for (const server of task.servers) {
        if (!server.includes(options.server)) continue;
        const { location } = await servers.get(server);
        const contenders = CLIENTS.map((client) => clients.contenderFor(client, task.case, location));
        const contest = await Contest.hold(contenders, ROUNDS, options);
        for (const client of CLIENTS) {
          rows.push({
            case: name,
            server,
            client,
            'a second': contest.median(client, 'rate'),
            [`× ${CLIENTS[0]!}`]: contest.ratio(client, CLIENTS[0]!),
            'by CPU': contest.ratio(CLIENTS[0]!, client, 'cpu'),
            'CPU, µs': contest.median(client, 'cpu'),
          });
        }
      }
    }
    return { rows };
  } finally {
    await clients.stop();
    await servers.stop();
  }
};

export default benchmark;
