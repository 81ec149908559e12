import { UseHandshakeGuards, PyroController, PyroException, PyroMethod } from 'nestjs-pyro';
import { Probe } from './probe.service.js';
import { TokenGuard } from './token.guard.js';

@PyroController('example.thermometer')
@UseHandshakeGuards(TokenGuard)
export class Thermometer {
  constructor(private readonly probe: Probe) {}

  @PyroMethod()
  async celsius(digits = 1): Promise<number> {
    if (digits > 3) throw new PyroException('builtins.ValueError', ['the probe is not as good as that']);
    return Number((await this.probe.read()).toFixed(digits));
  }

  @PyroMethod()
  async *history(count: number): AsyncGenerator<number> {
    for (let i = 0; i < count; i++) yield this.probe.read();
  }
}
