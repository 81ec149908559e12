import { PyroController, PyroMethod, PyroProperty } from 'nestjs-pyro';
import { Reading, Step } from './oven.dto.js';

/** An oven of the lab. */
@PyroController({ objectId: 'example.oven', instanceMode: 'single', naming: 'snake_case' })
export class Oven {
  private limit = 900;

  /** The highest temperature that the oven takes. */
  @PyroProperty()
  get maxCelsius(): number {
    return this.limit;
  }
  set maxCelsius(celsius: number) {
    this.limit = celsius;
  }

  /** Heats the oven step by step, and tells a reading for each. */
  @PyroMethod({ types: { steps: [Step] } })
  *run(steps: Step[]): Generator<Reading> {
    for (const step of steps) yield new Reading(step, Math.min(step.celsius, this.limit));
  }

  /**
   * How long a programme takes.
   *
   * @param pauseMinutes minutes between two steps
   */
  @PyroMethod({ types: { steps: [Step] } })
  minutesOf(steps: Step[], pauseMinutes = 0): number {
    return steps.reduce((sum, { minutes }) => sum + minutes, 0) + pauseMinutes * Math.max(0, steps.length - 1);
  }
}
