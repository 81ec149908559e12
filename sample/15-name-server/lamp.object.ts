import { PyroController, PyroMethod } from 'nestjs-pyro';
import { Visitors } from './visitors.service.js';

@PyroController({ name: 'lab.lamp', metadata: ['light'] })
export class Lamp {
  constructor(private readonly visitors: Visitors) {}

  @PyroMethod()
  colour(): string {
    return 'green';
  }

  /** Resolves when the watch of the app has told of the name. */
  @PyroMethod('has_seen')
  hasSeen(name: string): Promise<string> {
    return this.visitors.seen(name);
  }
}
