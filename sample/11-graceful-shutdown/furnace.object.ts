import { setTimeout as sleep } from 'node:timers/promises';
import { PyroController, PyroMethod } from 'nestjs-pyro';
import { Logbook } from './logbook.service.js';

@PyroController({ objectId: 'example.furnace', instanceMode: 'single' })
export class Furnace {
  private isHeating = false;

  constructor(private readonly logbook: Logbook) {}

  /** Takes its time, and must not be left half done. */
  @PyroMethod()
  async heat(celsius: number): Promise<string> {
    this.isHeating = true;
    await sleep(1_000);
    this.logbook.write(`heated to ${celsius}`);
    return `heated to ${celsius}`;
  }

  @PyroMethod('is_heating')
  heating(): boolean {
    return this.isHeating;
  }

  @PyroMethod()
  pid(): number {
    return process.pid;
  }
}
