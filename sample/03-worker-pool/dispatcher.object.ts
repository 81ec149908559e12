import { setTimeout as sleep } from 'node:timers/promises';
import { PyroController, PyroMethod, type RemoteObject } from 'nestjs-pyro';

interface Job {
  id: number;
  number: number;
}

/** Who asked for the work: an object in the client's own daemon, passed as an argument. */
interface Listener {
  finished(number: number, factors: number[]): void;
}

/** Workers pull jobs and hand results in; whoever submitted them is called back. Both directions, at the same time. */
@PyroController({ objectId: 'example.dispatcher', instanceMode: 'single', naming: 'snake_case' })
export class Dispatcher {
  private readonly waiting: Job[] = [];
  private readonly listeners = new Map<number, RemoteObject<Listener>>();
  private lastId = 0;

  @PyroMethod()
  submit(numbers: number[], listener: RemoteObject<Listener>): number {
    for (const number of numbers) {
      this.lastId += 1;
      this.waiting.push({ id: this.lastId, number });
      this.listeners.set(this.lastId, listener);
    }
    return numbers.length;
  }

  /** Waits a moment for work, so that idle workers need not ask all the time. None: there is none. */
  @PyroMethod()
  async nextJob(): Promise<Job | undefined> {
    for (let waits = 0; this.waiting.length === 0 && waits < 10; waits++) await sleep(20);
    return this.waiting.shift();
  }

  @PyroMethod()
  async done(job: Job, factors: number[]): Promise<void> {
    const listener = this.listeners.get(job.id);
    this.listeners.delete(job.id);
    await listener?.finished(job.number, factors);
  }
}
