import { PyroController, PyroMethod } from 'nestjs-pyro';
import { Machines } from './machines.service.js';

@PyroController({ name: 'lab.lamp', metadata: ['light'] })
export class Lamp {
  constructor(private readonly machines: Machines) {}

  @PyroMethod()
  colour(): string {
    return 'green';
  }

  @PyroMethod('switch_off')
  switchOff(machine: number): Promise<void> {
    return this.machines.switchOff(machine);
  }
}
