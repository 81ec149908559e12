import { PyroProxy, type RemoteObject } from 'nestjs-pyro/core';
import type { Benchmark, BenchmarkRow } from './benchmark.js';
import { add, type Case } from './cases.js';
import { Contest, type Contender, type Rounds, type Turn } from './contest.js';
import type { Figures } from './load/meter.js';
import { RunningServer, type ServerName, Servers } from './servers.js';

const ROUNDS: Rounds = { rounds: 7, warmUpMs: 300, ms: 1_000 };
const PROCESSES = 4;
const PROXIES = 4;
const SERVERS: readonly ServerName[] = ['Pyro5 thread', 'Pyro5 multiplex', 'core', 'Nest', 'raw'];

interface Driver {
  measure(location: string, theCase: Case, turn: Turn): Figures;
}

/** Measures servers with clients in Python: several processes, each with some proxies of Pyro5. CPU is the CPU of the clients. */
const benchmark: Benchmark = async (options) => {
  const servers = new Servers();
  const programs: RunningServer[] = [];
  for (let count = 0; count < PROCESSES; count++) programs.push(await RunningServer.startPython('clients/pyro5.py'));
  const drivers = programs.map(({ location }) => PyroProxy.to<Driver>(`PYRO:driver@${location}`));
  try {
    const names = SERVERS.filter((name) => name.includes(options.server));
    const contenders = await Promise.all(
      names.map(async (name) => contenderOf(drivers, name, (await servers.get(name)).location)),
    );
    const contest = await Contest.hold(contenders, ROUNDS, options);
    const rows = names.map((server): BenchmarkRow => ({
      case: `add, ${PROCESSES} processes with ${PROXIES} proxies each`,
      server,
      'a second': contest.median(server, 'rate'),
      '× first': contest.ratio(server, names[0]!),
      'CPU of the clients, µs': contest.median(server, 'cpu'),
    }));
    return { rows };
  } finally {
    for (const driver of drivers) await driver.$release();
    for (const program of programs) await program.stop();
    await servers.stop();
  }
};

export default benchmark;

/** Lets all processes call one server at the same time. */
function contenderOf(drivers: readonly RemoteObject<Driver>[], name: string, location: string): Contender {
  const measure = async (turn: Turn): Promise<Figures> => {
    const all = await Promise.all(drivers.map((driver) => driver.measure(location, add(PROXIES), turn)));
    const rate = all.reduce((sum, figures) => sum + figures.rate, 0);
    const busy = all.reduce((sum, figures) => sum + figures.rate * figures.cpu!, 0);
    return { rate, cpu: busy / rate };
  };
  return { name, measure };
}
