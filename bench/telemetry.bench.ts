import { PyroProxy, type RemoteObject } from 'nestjs-pyro/core';
import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { add, contenderFor } from './cases.js';
import type { Driver } from './clients.js';
import { Contest, type Contender, type Rounds } from './contest.js';
import type { Signals } from './sdk.js';
import { RunningServer, type ServerName, Servers } from './servers.js';

const ROUNDS: Rounds = { rounds: 21, warmUpMs: 50, ms: 400 };
const CONNECTIONS = 16;
const SIGNALS: readonly Signals[] = ['none', 'metrics', 'unsampled', 'metrics+unsampled', 'metrics+sampled'];
const NONE: Signals = 'none';

/** Measures the cost of a call with an SDK of OpenTelemetry: of a server, compared with the SDK's own functions alone, and of a client. */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  const clients: RunningServer[] = [];
  try {
    const rows: BenchmarkRow[] = [];
    if ('server'.includes(options.case)) {
      const named = (signals: Signals, who: 'library' | 'sdk'): ServerName => `SDK ${signals}, ${who}`;
      const names = [
        ...SIGNALS.map((signals) => named(signals, 'library')),
        ...SIGNALS.slice(1).map((each) => named(each, 'sdk')),
      ];
      const contenders = await Promise.all(names.map((name) => contenderFor(servers, name, add(CONNECTIONS))));
      const contest = await Contest.hold(contenders, ROUNDS, options);
      const ratio = (name: ServerName): number => contest.ratio(name, named(NONE, 'library'), 'cpu');
      for (const signals of SIGNALS) {
        const name = named(signals, 'library');
        const alone: BenchmarkRow = signals === NONE ? {} : { 'SDK alone': ratio(named(signals, 'sdk')) };
        rows.push({ side: 'server', signals, 'CPU, µs': contest.median(name, 'cpu'), '× no SDK': ratio(name), ...alone });
      }
    }
    if ('client'.includes(options.case)) {
      const { location } = await servers.get('core');
      const contenders: Contender[] = [];
      for (const signals of SIGNALS) {
        const client = await RunningServer.startNode('clients/node', 'ours', signals);
        clients.push(client);
        const driver: RemoteObject<Driver> = PyroProxy.to<Driver>(`PYRO:driver@${client.location}`);
        contenders.push({ name: signals, measure: (turn) => driver.measure(location, add(CONNECTIONS), turn) });
      }
      const contest = await Contest.hold(contenders, ROUNDS, options);
      for (const signals of SIGNALS) {
        const cells = { 'CPU, µs': contest.median(signals, 'cpu'), '× no SDK': contest.ratio(signals, NONE, 'cpu') };
        rows.push({ side: 'client', signals, ...cells });
      }
    }
    return { rows };
  } finally {
    await servers.stop();
    for (const client of clients) await client.stop();
  }
};

export default benchmark;
