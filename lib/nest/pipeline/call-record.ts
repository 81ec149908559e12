import { isObservable, Observable } from 'rxjs';
import { captureContext, type RunInContext } from '../../calls/async-context.js';
import { isStream } from '../../objects/item-iterators.js';
import { referenceOf } from '../../protocol/proxy-reference.js';
import type { PyroContext } from '../context/pyro-context.js';

/** The arguments that a pipeline is called with: the bound arguments of the call, its context, and its record. */
export type PipelineArguments = [args: unknown[], context: PyroContext, record: CallRecord];

/** Notes about one run of a method in the pipeline. */
export class CallRecord {
  /** The kind of value that the method itself returned; interceptors turn plain results into Observables. */
  private returned: 'nothing yet' | 'value' | 'observable' = 'nothing yet';
  /** Runs code in the context in which the method returned a stream: with the stores of guards and interceptors. */
  inContext: RunInContext = runHere;
  private waiting: ((isObservable: boolean) => void) | undefined;

  /** @param keywords keyword arguments that no parameter took */
  constructor(readonly keywords: Readonly<Record<string, unknown>>) {}

  /** False while the method has not returned, and when an interceptor answered in its place. */
  get hasReturned(): boolean {
    return this.returned !== 'nothing yet';
  }

  /**
   * Notes the result of the method, and returns it. A proxy is replaced by its reference, an Observable by one that is subscribed
   * to in the running context.
   */
  note(result: unknown): unknown {
    const inert = inertResult(result);
    if (isObservable(inert)) {
      this.returned = 'observable';
      this.waiting?.(true);
      const inContext = captureContext();
      return new Observable((subscriber) => inContext(() => inert.subscribe(subscriber)));
    }
    this.returned = 'value';
    if (isStream(inert)) this.inContext = captureContext();
    this.waiting?.(false);
    return inert;
  }

  /** Calls `then` when the method has returned. Never called when an interceptor keeps the method from running. */
  whenReturned(then: (isObservable: boolean) => void): void {
    if (this.returned === 'nothing yet') this.waiting = then;
    else then(this.returned === 'observable');
  }
}

const runHere: RunInContext = (body) => body();

/** A proxy that was never connected seems to have any method: rxjs and Nest would take it for an Observable, and call it. */
function inertResult(result: unknown): unknown {
  return typeof result === 'object' && result !== null ? (referenceOf(result) ?? result) : result;
}
