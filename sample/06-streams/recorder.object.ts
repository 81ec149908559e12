import { type Observable, range } from 'rxjs';
import { PyroController, PyroMethod, PyroProperty } from 'nestjs-pyro';

/** Three ways to send many values, and what each does when the reader is slower than the source. */
@PyroController({ objectId: 'example.recorder', instanceMode: 'single', naming: 'snake_case' })
export class Recorder {
  private measured = 0;

  /** How many samples were taken: a generator takes one when the client asks for one, and not before. */
  @PyroProperty()
  get samplesTaken(): number {
    return this.measured;
  }

  @PyroMethod()
  *samples(): Generator<number> {
    for (;;) {
      this.measured += 1;
      yield this.measured ** 2;
    }
  }

  /** Events come when they come. Five wait for the reader; one more is an error there. */
  @PyroMethod({ stream: { buffer: 5, overflow: 'error' } })
  allEvents(count: number): Observable<number> {
    return range(1, count);
  }

  /** Five wait for the reader, the newest ones: right for a display. */
  @PyroMethod({ stream: { buffer: 5, overflow: 'dropOldest' } })
  latestEvents(count: number): Observable<number> {
    return range(1, count);
  }

  /** Five wait for the reader, the first ones: right for a start-up log. */
  @PyroMethod({ stream: { buffer: 5, overflow: 'dropNewest' } })
  firstEvents(count: number): Observable<number> {
    return range(1, count);
  }
}
