import type { Type } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import { captureContext, type RunInContext } from '../../calls/async-context.js';
import { addLateCall, partFailed } from '../../daemon/call/call.js';
import type { CallContext } from '../../daemon/contract/call-context.js';
import type { BoundArguments } from '../../objects/parameters/argument-binder.js';
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

/**
 * How far a call is:
 *
 * - `open`: the call has no answer yet, or its answer was all of it.
 * - `streaming`: the result is a stream. The call ends with the last item.
 * - `ended`: the result is there, and `lateWork` waits until no part runs any more.
 * - `late`: the call has its answer, or its stream has ended, while a part runs. The daemon knows it as a late call, until `lateWork` has ended.
 */
type CallState =
  | { readonly is: 'open' | 'streaming' }
  | { readonly is: 'ended'; readonly lateWork: Ending }
  | { readonly is: 'late'; lateWork: Ending | undefined };

const OPEN: CallState = { is: 'open' };
const STREAMING: CallState = { is: 'streaming' };

/** The method, which an interceptor may run again: its last result counts. */
type MethodState =
  | { readonly is: 'not returned'; readonly whenReturned: ((isObservable: boolean) => void) | undefined }
  | { readonly is: 'returned'; readonly isObservable: boolean };

const NOT_RETURNED: MethodState = { is: 'not returned', whenReturned: undefined };
/** Interceptors turn plain results into Observables. These are the results of the method itself. */
const RETURNED_VALUE: MethodState = { is: 'returned', isObservable: false };
const RETURNED_OBSERVABLE: MethodState = { is: 'returned', isObservable: true };

/** The parts of the pipeline that Observables wait for: interceptors, guards, pipes and the method. They cannot be stopped. */
interface RunningParts {
  /** The subscribers that get the results. */
  readonly readers: Set<ResultReader>;
  whenIdle: (() => void) | undefined;
}

/** The state of a call in a pipeline: its arguments, its instance, and notes about the result of the method. */
export class CallRecord implements RestObserver {
  /** Runs code in the context in which the method returned a stream: with the stores of guards and interceptors. */
  inContext: RunInContext = runHere;
  private state: CallState = OPEN;
  private method: MethodState = NOT_RETURNED;
  /** Made for the first Observable that waits. */
  private parts: RunningParts | undefined;
  private nestArguments: NestArguments | undefined;
  private endings: Ending[] | undefined;

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
   * Runs `work` when no Observable waits for guards, pipes or the method any more: at once, or after the late call. Only one such work may be
   * given, before {@link answered}.
   *
   * @returns a promise when work that runs at once has to be waited for
   */
  afterParts(work: Ending): ReturnType<Ending> {
    if (!this.isRunning) return work();
    if (this.state.is === 'late') this.state.lateWork = work;
    else this.state = { is: 'ended', lateWork: work };
  }

  /** The result is a stream. The call ends with the last item. */
  becomeStream(): void {
    this.state = STREAMING;
  }

  get isStreaming(): boolean {
    return this.state.is === 'streaming';
  }

  /**
   * The call has its answer, or its stream has ended. When a part goes on, the daemon counts a late call, until the part and the work after
   * the part have ended.
   */
  answered(): void {
    const { state } = this;
    // `ended`: the part may have ended since work was given that waits for the part
    if (state.is === 'late' || (state.is !== 'ended' && !this.isRunning)) return;
    const late = { is: 'late' as const, lateWork: state.is === 'ended' ? state.lateWork : undefined };
    this.state = late;
    const idle = new Promise<void>((resolve) => this.whenIdle(resolve));
    const ended = idle.then(() => late.lateWork?.());
    addLateCall(this.call, ended, () => this.isUnread);
  }

  /** False while the method has not returned, and when an interceptor answered in its place. */
  get hasReturned(): boolean {
    return this.method.is === 'returned';
  }

  /**
   * Notes the result of the method, and returns it. A proxy is replaced by its reference, an Observable by an Observable that is subscribed
   * to in the running context.
   */
  note(result: unknown): unknown {
    const inert = inertResult(result);
    if (isObservable(inert)) {
      this.methodReturned(RETURNED_OBSERVABLE);
      this.tellIdle();
      const inContext = captureContext();
      return new Observable((subscriber) => inContext(() => inert.subscribe(new GuardedSubscriber(subscriber, this))));
    }
    if (isStream(inert)) {
      this.inContext = captureContext();
      awaitReader(inert);
    }
    this.methodReturned(RETURNED_VALUE);
    return inert;
  }

  /** The teardown of an Observable of the method, of an interceptor or of a filter has failed. No caller is told. */
  teardownFailed(error: unknown): void {
    this.onFailure(`the teardown of an Observable of ${this.context.getPattern()}`, error);
  }

  private methodReturned(returned: typeof RETURNED_VALUE): void {
    const { method } = this;
    this.method = returned;
    if (method.is === 'not returned') method.whenReturned?.(this.hasReturnedObservable);
  }

  /** Calls `then` when the method has returned. Never called when an interceptor keeps the method from running. */
  whenReturned(then: (isObservable: boolean) => void): void {
    if (this.method.is === 'returned') then(this.method.isObservable);
    else this.method = { is: 'not returned', whenReturned: then };
  }

  /** True when the method itself returned an Observable. */
  get hasReturnedObservable(): boolean {
    return this.method.is === 'returned' && this.method.isObservable;
  }

  /** True while an Observable waits for guards, pipes or the method. The Observable that the method returned may be waited for for ever. */
  get isRunning(): boolean {
    return this.parts !== undefined && this.parts.readers.size > 0 && !this.hasReturnedObservable;
  }

  /** True when nobody reads what the running parts give. An interceptor may answer at once, and still wait for the method. */
  private get isUnread(): boolean {
    return [...(this.parts?.readers ?? [])].every(({ closed }) => closed);
  }

  restBegun(reader: ResultReader): void {
    (this.parts ??= { readers: new Set(), whenIdle: undefined }).readers.add(reader);
  }

  restEnded(reader: ResultReader): void {
    this.parts?.readers.delete(reader);
    if (!this.isRunning) this.tellIdle();
  }

  restFailed(error: unknown): void {
    partFailed(this.call, error);
  }

  /** Calls `then` as soon as no Observable waits for guards, pipes or the method. Replaces the function that was given before. */
  whenIdle(then: () => void): void {
    if (this.isRunning) this.parts!.whenIdle = then;
    else then();
  }

  private tellIdle(): void {
    const then = this.parts?.whenIdle;
    if (then === undefined) return;
    this.parts!.whenIdle = undefined;
    then();
  }
}

const runHere: RunInContext = (body) => body();

/** A proxy that was never connected seems to have any method: rxjs and Nest would take it for an Observable, and call it. */
function inertResult(result: unknown): unknown {
  return typeof result === 'object' && result !== null ? (referenceOf(result) ?? result) : result;
}
