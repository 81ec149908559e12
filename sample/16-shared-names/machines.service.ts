import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const MACHINES = 3;

/** The machines with the name servers: a process stands for each. */
export class Machines {
  private constructor(
    private readonly processes: readonly ChildProcess[],
    /** Where their name servers are. */
    readonly locations: readonly string[],
  ) {}

  static async start(): Promise<Machines> {
    const processes = Array.from({ length: MACHINES }, () => fork(join(import.meta.dirname, 'machine.js')));
    const locations = processes.map(async (machine) => String((await once(machine, 'message'))[0]));
    return new Machines(processes, await Promise.all(locations));
  }

  /** Switches a machine off: its name server can end nothing in order. */
  async switchOff(number: number): Promise<void> {
    const machine = this.processes[number]!;
    machine.kill('SIGKILL');
    await once(machine, 'exit');
  }

  stop(): void {
    for (const machine of this.processes) if (machine.connected) machine.disconnect();
  }
}
