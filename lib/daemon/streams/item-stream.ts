import { captureContext, type RunInContext } from '../../calls/async-context.js';
import type { AnyIterator } from '../../objects/item-iterators.js';
import { randomId } from '../../objects/object-ids.js';
import { PyroError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { PythonException } from '../../protocol/python-exception.js';
import type { SerializedCall } from '../../serializers/contract/serializer.js';
import { principalOf } from '../connection/authorizations.js';
import { clientGone, type SessionConnection } from '../connection/session-connection.js';
import type { Authorization } from '../contract/authorization.js';
import type { CallContext } from '../contract/call-context.js';
import type { CallErrorInfo } from '../options/daemon-events.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';

/** The call whose result is a stream. */
export interface StreamingCall extends CallContext {
  readonly connection: SessionConnection;
  readonly request: {
    /** The call that returned the stream whose next item the request asks for. */
    pulledCall: StreamingCall | undefined;
    /** True once the client was told that the call took too long. */
    readonly timedOut: boolean;
    /** Ends the wait for the next item. Set while the request waits for it. */
    leavePull: (() => void) | undefined;
    readonly call: Pick<SerializedCall, 'args'> | undefined;
    readonly authorization: Authorization;
    /** Follows the call. */
    readonly follower: { failed(error: unknown): void } | undefined;
    /** No code of the stream runs any more. Resolves when the late calls of the request have ended; undefined when there are none. */
    streamEnded(): Promise<void> | undefined;
    /** Memory that the request holds. */
    readonly heldBytes: number;
    /** The stream is closed, but its iterator runs. */
    becomeLate(): void;
    /** The stream was opened. */
    becomeStream(stream: AwaitedStream): void;
    /** The stream is closed before its end. */
    abort(reason: Error): void;
    /** The stream has ended, and its iterator runs no more, or is not waited for any more. */
    requestEnded(): void;
  };
}

/** A stream, for code of its iterator that may put work off while nobody waits for it. */
export interface AwaitedStream {
  /** True while a pull waits for an item. */
  readonly isAwaited: boolean;
  /** Called when a first pull begins to wait, and when none waits any more: it has its item, its client has gone, or it took too long. */
  onAwaited: ((isAwaited: boolean) => void) | undefined;
}

/** Ends a stream: Python's `StopIteration`. It is no failure of a call. */
export class EndOfStream extends PythonException {
  constructor() {
    super('builtins.StopIteration');
  }
}

/** The outcome of a pull. `terminated`: the stream was closed, or its end went to an earlier pull. */
export type Outcome =
  | { readonly is: 'item'; readonly value: unknown }
  | { readonly is: 'failed'; readonly error: unknown }
  | { readonly is: 'end' | 'terminated' };

const END: Outcome = { is: 'end' };
const TERMINATED: Outcome = { is: 'terminated' };
/** Of a pull that took too long. Its client was told so, and nobody reads the outcome. */
const NO_ITEM: Outcome = { is: 'item', value: undefined };

type Pull = (outcome: Outcome) => void;

/**
 * An iterator that clients pull item by item. Its code runs in the async context that was running when the stream was made.
 *
 * Pulls wait in their order, and the iterator makes one step at a time. A pull whose client leaves, or whose call takes too long, waits no
 * more. If a step has begun for it, the outcome goes to the next pull.
 */
export class ItemStream implements AwaitedStream {
  readonly id = randomId();
  readonly openedAt = performance.now();
  /** The connection that pulls the stream now. Undefined while the stream lingers. */
  reader: SessionConnection | undefined;
  /** `performance.now()` when the reader disconnected; 0 while the stream has a reader. */
  lingersSince = 0;
  /** Items that were pulled. */
  items = 0;
  onAwaited: ((isAwaited: boolean) => void) | undefined;
  /** The connections of the pulls that wait, the oldest pull first. */
  private readonly waiting = new Map<Pull, SessionConnection>();
  /** The outcome of a step whose pull has left, for the next pull. No pull waits meanwhile. */
  private kept: Outcome | undefined;
  /** The steps that the waiting pulls need. Undefined while no pull waits. */
  private stepping: Promise<void> | undefined;
  /** The closing of the iterator. Undefined until the stream is closed. */
  private closing: Promise<void> | undefined;
  /** True once the iterator makes no further step. */
  private isOver = false;
  /** Runs code of the iterator in the async context of the call: with its stores, and with the call as `currentContext()`. */
  private readonly inContext: RunInContext = captureContext();

  constructor(
    readonly call: StreamingCall,
    readonly iterator: AnyIterator,
  ) {}

  /** Resolves when no code of the iterator runs any more. */
  get idle(): Promise<unknown> {
    return Promise.all([this.stepping, this.closing]);
  }

  /** Called when the stream is over. Resolves when no code of the call runs any more; undefined when none does. */
  endCall(): Promise<unknown> | undefined {
    const { request } = this.call;
    if (this.stepping === undefined && this.closing === undefined) return request.streamEnded();
    // the end of the iterator may be what gives a method up
    return this.idle.then(() => request.streamEnded());
  }

  /** Pulls that wait for an item. */
  get pulls(): number {
    return this.waiting.size;
  }

  get isAwaited(): boolean {
    return this.waiting.size > 0;
  }

  isExpired({ streamLifetimeMs, streamLingerMs }: ResolvedDaemonOptions, now: number): boolean {
    const { openedAt, lingersSince } = this;
    return (
      (streamLifetimeMs > 0 && now - openedAt > streamLifetimeMs) || (lingersSince > 0 && now - lingersSince > streamLingerMs)
    );
  }

  /**
   * Waits for the next item, after the earlier pulls.
   *
   * @param call the call that asks for the item. Gets the response annotations that the source of the items set since the last item
   * @throws {PyroError} when the client leaves
   */
  next({ connection, request, responseAnnotations }: StreamingCall): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (this.waiting.delete(pull) && !this.isAwaited) this.onAwaited?.(false);
        request.leavePull = undefined;
        forget();
      };
      const pull = (outcome: Outcome): void => {
        leave();
        this.give(outcome, responseAnnotations);
        resolve(outcome);
      };
      const forget = connection.onGone(() => {
        leave();
        reject(clientGone());
      });
      request.leavePull = () => {
        leave();
        resolve(NO_ITEM);
      };
      if (this.kept !== undefined) return pull(this.takeKept());
      if (this.isOver) return pull(TERMINATED);
      this.waiting.set(pull, connection);
      if (this.waiting.size === 1) this.onAwaited?.(true);
      this.stepping ??= this.run();
    });
  }

  /**
   * Closes the stream before its end: the signal of its call aborts, and its iterator is closed. A pull for which the iterator makes a step
   * still gets its item.
   *
   * @param onError gets the error of closing the iterator, and of an item that nobody read
   */
  close(reason: string, onError: (error: unknown, call: CallErrorInfo) => void): void {
    const { call } = this;
    this.isOver = true;
    const { kept } = this;
    this.kept = undefined;
    // an item failed that no pull has asked for again
    if (kept?.is === 'failed') onError(kept.error, callInfoOf(call));
    call.request.abort(refusal(new PyroError(reason)));
    // a running step may wait for an item that never comes, so the iterator is closed at once; a generator closes after its step
    this.closing = Promise.resolve()
      .then(() => this.inContext(() => this.iterator.return?.()))
      .then(
        () => undefined,
        (error: unknown) => onError(error, callInfoOf(call)),
      );
    for (const pull of [...this.waiting.keys()].slice(1)) pull(TERMINATED);
  }

  /** Answers the pulls that wait: there are no more items for them. */
  terminatePulls(): void {
    for (const pull of this.waiting.keys()) pull(TERMINATED);
  }

  /** The connection of the oldest pull that waits, without those of `gone`. */
  nextReader(gone: SessionConnection): SessionConnection | undefined {
    return [...this.waiting.values()].find((connection) => connection !== gone);
  }

  /** Makes steps until no pull waits. */
  private async run(): Promise<void> {
    while (this.waiting.size > 0 && !this.isOver) {
      const outcome = await this.step();
      if (outcome.is !== 'item') this.isOver = true;
      const [pull] = this.waiting.keys();
      if (pull !== undefined) pull(outcome);
      else if (this.closing === undefined) this.kept = outcome;
    }
    this.stepping = undefined;
    this.terminatePulls();
  }

  /** The next step of the iterator. */
  private async step(): Promise<Outcome> {
    try {
      const { done, value } = await this.inContext(() => this.iterator.next());
      return done ? END : { is: 'item', value };
    } catch (error) {
      // a stream that was closed meanwhile may have failed for that
      if (this.closing === undefined) this.call.request.follower?.failed(error);
      return { is: 'failed', error };
    }
  }

  private takeKept(): Outcome {
    const outcome = this.kept!;
    this.kept = undefined;
    return outcome;
  }

  private give(outcome: Outcome, annotations: Map<string, Buffer>): void {
    if (outcome.is === 'item') this.items++;
    moveAll(this.call.responseAnnotations, annotations);
  }
}

function callInfoOf({ connection, objectId, method, kwargs, correlationId, request }: StreamingCall): CallErrorInfo {
  const { authorization, call } = request;
  return { connection, objectId, method, args: call?.args ?? [], kwargs, correlationId, ...principalOf(authorization) };
}

function moveAll<K, V>(from: Map<K, V>, to: Map<K, V>): void {
  for (const [key, value] of from) to.set(key, value);
  from.clear();
}
