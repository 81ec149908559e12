import type { Type } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import { captureContext, type RunInContext } from '../../calls/async-context.js';
import { leaveRunning, partFailed } from '../../daemon/call/call.js';
import type { CallContext } from '../../daemon/contract/call-context.js';
import type { BoundArguments } from '../../objects/argument-binder.js';
import { awaitReader, isStream } from '../../objects/item-iterators.js';
import { referenceOf } from '../../protocol/proxy-reference.js';
import { PyroContext } from '../context/pyro-context.js';
import type { AnyMethod } from '../definition/object-definition.js';
import type { OnFailure } from '../errors/failures.js';
import { ExecutionContextHost } from '../nest-internals.js';
import type { RestObserver, ResultReader } from './deferred-rest.js';
import { GuardedSubscriber } from './guarded-teardown.js';

/** Work at the end of a call. */
type Ending = () => Promise<void> | undefined | void;

/** The arguments of a call, as Nest's `ExecutionContext` has them: `getData()` and `getContext()`. */
export type NestArguments = [args: unknown[], context: PyroContext];

/** The state of a call in a pipeline: its arguments, its instance, and notes about the result of the method. */
export class CallRecord implements RestObserver {
  /** Runs code in the context in which the method returned a stream: with the stores of guards and interceptors. */
  inContext: RunInContext = runHere;
  /** True once the result is a stream: the call ends with its last item. */
  isStreaming = false;
  /** The kind of value that the method itself returned; interceptors turn plain results into Observables. */
  private returned: 'nothing yet' | 'value' | 'observable' = 'nothing yet';
  private waiting: ((isObservable: boolean) => void) | undefined;
  private nestArguments: NestArguments | undefined;
  private endings: Ending[] | undefined;
  /** The subscribers of the parts of the pipeline that run behind an Observable. The parts cannot be stopped. */
  private running: Set<ResultReader> | undefined;
  private waitingForIdle: (() => void) | undefined;
  /** True once the daemon knows that a part of the call goes on behind its answer. */
  private isLeft = false;
  /** Work that waits for the parts which go on behind the answer. */
  private leftWork: Ending | undefined;

  /** The instance that serves the call. Set before the pipeline runs. */
  instance!: object;

  constructor(
    readonly call: CallContext,
    private readonly bound: BoundArguments,
    private readonly onFailure: OnFailure,
  ) {}

  /** The bound arguments. */
  get args(): unknown[] {
    return this.bound.args;
  }

  /** Keyword arguments that no parameter took. */
  get keywords(): Readonly<Record<string, unknown>> {
    return this.bound.keywords;
  }

  get context(): PyroContext {
    return PyroContext.of(this.call);
  }

  /** Makes an execution context. As in Nest, all contexts of a call share one list of arguments. */
  host(type: Type | null, handler: AnyMethod | null): ExecutionContextHost {
    this.nestArguments ??= [this.args, this.context];
    const host = new ExecutionContextHost(this.nestArguments, type, handler);
    host.setType('rpc');
    return host;
  }

  /** Runs `work` when the call or its stream has ended, in reverse order of the calls of this method. */
  atEnd(work: Ending): void {
    (this.endings ??= []).push(work);
  }

  /** The call has ended, or its stream. Returns a promise when work has to be waited for. */
  end(): Promise<void> | undefined {
    while (this.endings?.length) {
      const ended = this.endings.pop()!();
      if (ended) return ended.then(() => this.end());
    }
    return undefined;
  }

  /**
   * Runs `work` when no Observable waits for guards, pipes or the method any more: at once, or behind the answer of an interceptor that has
   * given them up. Only one such work may be given, before {@link answered}.
   *
   * @returns a promise when work that runs at once has to be waited for
   */
  behindMethod(work: Ending): ReturnType<Ending> {
    if (!this.isRunning) return work();
    this.leftWork = work;
  }

  /**
   * The call has its answer, or its stream has ended. The daemon counts a part that goes on as a late call, until the part and the work
   * behind it have ended.
   */
  answered(): void {
    // the part may have ended since work was put behind it
    if (this.isLeft || (!this.isRunning && this.leftWork === undefined)) return;
    this.isLeft = true;
    const idle = new Promise<void>((resolve) => this.whenIdle(resolve));
    const part = idle.then(() => this.leftWork?.());
    leaveRunning(this.call, part, () => this.isGivenUp);
  }

  /** False while the method has not returned, and when an interceptor answered in its place. */
  get hasReturned(): boolean {
    return this.returned !== 'nothing yet';
  }

  /**
   * Notes the result of the method, and returns it. A proxy is replaced by its reference, an Observable by an Observable that is subscribed
   * to in the running context.
   */
  note(result: unknown): unknown {
    const inert = inertResult(result);
    if (isObservable(inert)) {
      this.returned = 'observable';
      this.waiting?.(true);
      this.tellIdle();
      const inContext = captureContext();
      return new Observable((subscriber) => inContext(() => inert.subscribe(new GuardedSubscriber(subscriber, this))));
    }
    this.returned = 'value';
    if (isStream(inert)) {
      this.inContext = captureContext();
      awaitReader(inert);
    }
    this.waiting?.(false);
    return inert;
  }

  /** The teardown of an Observable of the method, of an interceptor or of a filter has failed. No caller is told. */
  teardownFailed(error: unknown): void {
    this.onFailure(`the teardown of an Observable of ${this.context.getPattern()}`, error);
  }

  /** True when the method itself returned an Observable. */
  get hasReturnedObservable(): boolean {
    return this.returned === 'observable';
  }

  /** True while an Observable waits for guards, pipes or the method. Behind the method, its own Observable may be waited for for ever. */
  get isRunning(): boolean {
    return this.running !== undefined && this.running.size > 0 && !this.hasReturnedObservable;
  }

  /** True when nobody reads what the running parts give. An interceptor may answer at once, and still wait for the method. */
  private get isGivenUp(): boolean {
    return [...(this.running ?? [])].every(({ closed }) => closed);
  }

  restBegun(reader: ResultReader): void {
    (this.running ??= new Set()).add(reader);
  }

  restEnded(reader: ResultReader): void {
    this.running?.delete(reader);
    if (!this.isRunning) this.tellIdle();
  }

  restFailed(error: unknown): void {
    partFailed(this.call, error);
  }

  private tellIdle(): void {
    const then = this.waitingForIdle;
    this.waitingForIdle = undefined;
    then?.();
  }

  /** Calls `then` as soon as no Observable waits for guards, pipes or the method. Replaces the function that was given before. */
  whenIdle(then: () => void): void {
    if (this.isRunning) this.waitingForIdle = then;
    else then();
  }

  /** Calls `then` when the method has returned. Never called when an interceptor keeps the method from running. */
  whenReturned(then: (isObservable: boolean) => void): void {
    if (this.returned === 'nothing yet') this.waiting = then;
    else then(this.hasReturnedObservable);
  }
}

const runHere: RunInContext = (body) => body();

/** A proxy that was never connected seems to have any method: rxjs and Nest would take it for an Observable, and call it. */
function inertResult(result: unknown): unknown {
  return typeof result === 'object' && result !== null ? (referenceOf(result) ?? result) : result;
}
