import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PyroUri } from '../lib/protocol/uri.js';
import { findRedis, RedisServer } from '../test/redis-server.js';
import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { Contest, type Contender, type Rounds } from './contest.js';
import { LoadGenerator } from './load/load-generator.js';
import { type PyroCall, PyroWire } from './load/pyro-wire.js';
import { nameAt, prefixedNames, PREFIX, uriAt } from './names.js';
import { RunningServer } from './servers.js';

const ROUNDS: Rounds = { rounds: 3, warmUpMs: 200, ms: 700 };
const COUNTS: readonly number[] = [10, 10_000, 100_000];
const CONNECTIONS = 16;
const MIB = 1024 * 1024;
const FIRST = 'pyro5-ns, memory';

/** The calls to name servers, by their number of names. */
const CASES: Record<string, (count: number) => PyroCall> = {
  lookup: (count) => asked('lookup', [nameAt(count / 2)], new PyroUri(uriAt(count / 2))),
  'list 100 by prefix': (count) => {
    return asked('list', [PREFIX], Object.fromEntries(prefixedNames(count).map((index) => [nameAt(index), uriAt(index)])));
  },
  // the last: it changes a name
  register: (count) => {
    let connections = 0;
    return {
      ...asked('register', [], null),
      // a registered name, so that the number of names stays. Each connection has another URI, or SQLite would write nothing
      get args() {
        return [nameAt(count / 2), uriAt(connections++)];
      },
    };
  },
};

function asked(method: string, args: readonly unknown[], expected: unknown): PyroCall {
  return { kind: 'call', object: 'Pyro.NameServer', method, args, expected };
}

/** Compares the name server of this package with Python's, with each storage, over 16 connections. */
const benchmark: Benchmark = async (options) => {
  const rows: BenchmarkRow[] = [];
  for (const count of options.smoke ? COUNTS.slice(0, 1) : COUNTS) {
    const room = await Room.make();
    try {
      const servers = await room.start(count, options.server);
      for (const [name, makeCall] of Object.entries(CASES)) {
        if (!name.includes(options.case)) continue;
        const contenders = [...servers].map(([server, { location, pid }]): Contender => {
          const wire = new PyroWire(makeCall(count));
          return {
            name: server,
            measure: (turn) => LoadGenerator.measure({ location, pid, wire, connections: CONNECTIONS }, turn),
          };
        });
        const contest = await Contest.hold(contenders, ROUNDS, options);
        for (const [server, { pid }] of servers) {
          rows.push({
            case: name,
            names: count,
            server,
            'a second': contest.median(server, 'rate'),
            [`× ${FIRST}`]: contest.ratio(server, FIRST),
            'CPU, µs': contest.median(server, 'cpu'),
            'p50, µs': contest.median(server, 'p50'),
            'process, MiB': residentBytes(pid) / MIB,
          });
        }
      }
    } finally {
      await room.close();
    }
  }
  return { rows };
};

/** Name servers that run together, and their storages. */
class Room {
  private readonly started = new Map<string, RunningServer>();

  private constructor(
    private readonly directory: string,
    private readonly redis: RedisServer | undefined,
  ) {}

  static async make(): Promise<Room> {
    const programs = await findRedis();
    return new Room(await mkdtemp(join(tmpdir(), 'names-')), programs && (await RedisServer.start(programs)));
  }

  /** @param only a text in the names of the servers */
  async start(count: number, only: string): Promise<ReadonlyMap<string, RunningServer>> {
    const sqlite = process.getBuiltinModule('node:sqlite') === undefined ? undefined : `sql:${join(this.directory, 'ours')}`;
    const storages: Record<string, string | undefined> = {
      [FIRST]: 'memory',
      'pyro5-ns, sql': `sql:${join(this.directory, 'theirs')}`,
      'ours, memory': 'memory',
      'ours, file': `file:${join(this.directory, 'journal')}`,
      'ours, sql': sqlite,
      // on a busy machine a thousand registrations may wait long for the disk
      'ours, redis': this.redis && `${this.redis.url}?timeoutMs=60000`,
    };
    for (const [name, storage] of Object.entries(storages)) {
      if (storage === undefined || (name !== FIRST && !name.includes(only))) continue;
      const start = name.startsWith('ours')
        ? RunningServer.startNode('servers/names', storage, String(count))
        : RunningServer.startPython('servers/names.py', storage, String(count));
      this.started.set(name, await start);
    }
    return this.started;
  }

  async close(): Promise<void> {
    for (const server of this.started.values()) await server.stop();
    await this.redis?.stop();
    await rm(this.directory, { recursive: true });
  }
}

/** NaN elsewhere than on Linux. */
function residentBytes(pid: number): number {
  try {
    return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch {
    return NaN;
  }
}

export default benchmark;
