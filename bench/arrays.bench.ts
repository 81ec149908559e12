import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { echoArray } from './cases.js';
import { type ClientName, Clients } from './clients.js';
import { Contest, type Contender, type Rounds, type Turn } from './contest.js';
import type { Figures } from './load/meter.js';
import { cpuMicrosOf } from './process-cpu.js';
import { type RunningServer, type ServerName, Servers } from './servers.js';

/** Without a warm-up, because its calls are not counted, but the CPU of the server is measured over the whole turn. */
const ROUNDS: Rounds = { rounds: 7, warmUpMs: 0, ms: 2_000 };

/** The pairs of client and server. The others are compared with the first. */
const PAIRS: readonly (readonly [name: string, client: ClientName, server: ServerName])[] = [
  ['Python ↔ Python', "Python's proxies", 'Pyro5 with NumPy'],
  ['Python ↔ ours', "Python's proxies", 'core'],
  ['ours ↔ Python', 'our proxy', 'Pyro5 with NumPy'],
  ['ours ↔ ours', 'our proxy', 'core'],
];

const TASKS = Object.fromEntries(
  (['msgpack', 'serpent', 'marshal', 'json'] as const).flatMap((serializer) =>
    [1, 10].map((megabytes) => [`${megabytes} MiB of float32, ${serializer}`, echoArray(megabytes, serializer)]),
  ),
);

/** Echoes arrays over one connection: arrays of NumPy in Python, `NdArray`s in this package. CPU is the CPU of both programs for one call. */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  const clients = await Clients.start('numpy');
  try {
    const rows: BenchmarkRow[] = [];
    for (const [name, theCase] of Object.entries(TASKS)) {
      if (!name.includes(options.case)) continue;
      const contenders: Contender[] = [];
      for (const [pair, client, server] of PAIRS) {
        if (!pair.includes(options.server) && pair !== PAIRS[0]![0]) continue;
        const running = await servers.get(server);
        contenders.push(withServer(pair, clients.contenderFor(client, theCase, running.location), running));
      }
      const contest = await Contest.hold(contenders, ROUNDS, options);
      for (const pair of contest.names) {
        rows.push({
          case: name,
          pair,
          'a second': contest.median(pair, 'rate'),
          '× first': contest.ratio(pair, PAIRS[0]![0]),
          'CPU of both, ms': contest.median(pair, 'cpu') / 1_000,
          'by CPU': contest.ratio(PAIRS[0]![0], pair, 'cpu'),
        });
      }
    }
    return { rows };
  } finally {
    await clients.stop();
    await servers.stop();
  }
};

export default benchmark;

/** Adds the CPU of the server to the CPU of the client. The first call of a turn is a check, and not counted by the client. */
function withServer(name: string, client: Contender, { pid }: RunningServer): Contender {
  const measure = async (turn: Turn): Promise<Figures> => {
    const before = cpuMicrosOf(pid) ?? NaN;
    const { rate, cpu = NaN } = await client.measure(turn);
    const calls = 1 + Math.max(1, Math.round((rate * turn.ms) / 1_000));
    return { rate, cpu: cpu + ((cpuMicrosOf(pid) ?? NaN) - before) / calls };
  };
  return { name, measure };
}
