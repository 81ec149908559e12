import { PyroProxy, type RemoteObject } from 'nestjs-pyro/core';
import type { Case } from './cases.js';
import type { Contender, Turn } from './contest.js';
import type { Figures } from './load/meter.js';
import { RunningServer } from './servers.js';

/** The object that each program of `bench/clients/` serves. `cpu` of the figures is the CPU of the client. */
export interface Driver {
  measure(location: string, theCase: Case, turn: Turn): Figures;
}

export type ClientName = 'raw client' | 'our proxy' | "Python's proxies";

/** The programs that call, each in a separate process. */
export class Clients {
  private constructor(
    private readonly programs: readonly RunningServer[],
    private readonly drivers: Record<ClientName, RemoteObject<Driver>>,
  ) {}

  /** @param pythonArgs `numpy`: Python's program can read arrays */
  static async start(...pythonArgs: string[]): Promise<Clients> {
    const raw = await RunningServer.startNode('clients/node', 'raw');
    const ours = await RunningServer.startNode('clients/node', 'ours');
    const python = await RunningServer.startPython('clients/pyro5.py', ...pythonArgs);
    const driverOf = ({ location }: RunningServer): RemoteObject<Driver> => PyroProxy.to<Driver>(`PYRO:driver@${location}`);
    const drivers = { 'raw client': driverOf(raw), 'our proxy': driverOf(ours), "Python's proxies": driverOf(python) };
    return new Clients([raw, ours, python], drivers);
  }

  contenderFor(name: ClientName, theCase: Case, location: string): Contender {
    return { name, measure: (turn) => this.drivers[name].measure(location, theCase, turn) };
  }

  async stop(): Promise<void> {
    for (const driver of Object.values(this.drivers)) await driver.$release();
    for (const program of this.programs) await program.stop();
  }
}
