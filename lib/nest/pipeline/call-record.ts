import { isObservable } from 'rxjs';
import { referenceOf } from '../../protocol/proxy-reference.js';

/** What the pipeline notes about one run of a method; third of its arguments, behind the data and the context. */
export class CallRecord {
  /** What the method itself gave back: any interceptor turns a plain result into an Observable. */
  private returned: 'nothing yet' | 'value' | 'observable' = 'nothing yet';
  private waiting: ((isObservable: boolean) => void) | undefined;

  /** @param keywords keywords that no parameter took */
  constructor(readonly keywords: Readonly<Record<string, unknown>>) {}

  /** False when an interceptor answered in the method's place, or it has not run yet. */
  get hasReturned(): boolean {
    return this.returned !== 'nothing yet';
  }

  /** Notes what the method returned, and gives it back; of a proxy its reference. */
  note(result: unknown): unknown {
    const inert = inertResult(result);
    this.returned = isObservable(inert) ? 'observable' : 'value';
    this.waiting?.(this.returned === 'observable');
    return inert;
  }

  /** Calls back once it is known what the method returned; never, when an interceptor kept it from running. */
  whenReturned(then: (isObservable: boolean) => void): void {
    if (this.returned === 'nothing yet') this.waiting = then;
    else then(this.returned === 'observable');
  }
}

/** A proxy that was never connected may have any method: rxjs and Nest would take it for an Observable, and call it. */
function inertResult(result: unknown): unknown {
  return typeof result === 'object' && result !== null ? (referenceOf(result) ?? result) : result;
}
