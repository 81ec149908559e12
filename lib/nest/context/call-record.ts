import { isObservable } from 'rxjs';

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

  /** Notes what the method returned, and gives it back. */
  note(result: unknown): unknown {
    this.returned = isObservable(result) ? 'observable' : 'value';
    this.waiting?.(this.returned === 'observable');
    return result;
  }

  /** Calls back once it is known what the method returned; never, when an interceptor kept it from running. */
  whenReturned(then: (isObservable: boolean) => void): void {
    if (this.returned === 'nothing yet') this.waiting = then;
    else then(this.returned === 'observable');
  }
}
