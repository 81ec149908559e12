import { captureContext, type RunInContext } from '../../calls/async-context.js';
import { type AnyIterator, asStream } from '../../objects/item-iterators.js';
import { randomId } from '../../objects/object-ids.js';
import { PyroError } from '../../protocol/errors.js';
import { PythonException } from '../../protocol/python-exception.js';
import type { SerializedCall } from '../../serializers/contract/serializer.js';
import { principalOf } from '../connection/authorizations.js';
import type { SessionConnection } from '../connection/session-connection.js';
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
    readonly call: Pick<SerializedCall, 'args'> | undefined;
    readonly authorization: Authorization;
    /** Follows the call. */
    readonly follower: { failed(error: unknown): void } | undefined;
    /** The stream is closed, but its iterator runs. */
    endLate(): void;
    /** The stream was opened. */
    becomeStream(): void;
    /** The stream is closed before its end. */
    abort(reason: Error): void;
    /** The stream has ended, and its iterator runs no more. */
    requestEnded(): void;
  };
}

/** Ends a stream: Python's `StopIteration`. It is no failure of a call. */
export class EndOfStream extends PythonException {
  constructor() {
    super('builtins.StopIteration');
  }
}

/** An iterator that a client pulls item by item. Its code runs in the async context that was running when the stream was made. */
export class ItemStream {
  readonly id = randomId();
  readonly openedAt = performance.now();
  /** The connection that pulls the stream now. Undefined while the stream lingers. */
  reader: SessionConnection | undefined;
  /** `performance.now()` when the reader disconnected; 0 while the stream has a reader. */
  lingersSince = 0;
  /** Items that were pulled. */
  items = 0;
  /** The running pull, and the closing of the iterator. The next pull waits for it. */
  private running: Promise<unknown> = Promise.resolve();
  /** Runs code of the iterator in the async context of the call: with its stores, and with the call as `currentContext()`. */
  private readonly inContext: RunInContext = captureContext();

  constructor(
    readonly call: StreamingCall,
    private readonly iterator: AnyIterator,
  ) {}

  /** Resolves when no code of the iterator runs any more. */
  get idle(): Promise<unknown> {
    return this.running;
  }

  isExpired({ streamLifetimeMs, streamLingerMs }: ResolvedDaemonOptions, now: number): boolean {
    const { openedAt, lingersSince } = this;
    return (
      (streamLifetimeMs > 0 && now - openedAt > streamLifetimeMs) || (lingersSince > 0 && now - lingersSince > streamLingerMs)
    );
  }

  /**
   * Runs `pull` after the pulls that were asked for before.
   *
   * @param annotations get the response annotations that the source of the items set since the last pull
   */
  inOrder<T>(pull: () => Promise<T>, annotations: Map<string, Buffer>): Promise<T> {
    const pulling = this.running.then(pull).finally(() => moveAll(this.call.responseAnnotations, annotations));
    this.running = pulling.catch(() => undefined);
    return pulling;
  }

  /** The next step of the iterator. */
  step(): ReturnType<AnyIterator['next']> {
    return this.inContext(() => this.iterator.next());
  }

  /**
   * Closes the stream before its end: the signal of its call aborts, and its iterator is closed.
   *
   * @param onError gets the error of closing the iterator
   */
  close(reason: string, onError: (error: unknown, call: CallErrorInfo) => void): void {
    const { call } = this;
    call.request.abort(new PyroError(reason));
    // a running pull may wait for an item that never comes, so the iterator is closed at once; a generator closes after its pull
    const closing = Promise.resolve()
      .then(() => this.inContext(() => this.iterator.return?.()))
      .catch((error: unknown) => onError(error, callInfoOf(call)));
    this.running = Promise.all([this.running, closing]);
  }
}

/** Closes the iterator of a result that no client will pull. Other results are left alone. */
export function closeUnpulled(result: unknown): Promise<void> | void {
  const stream = asStream(result);
  if (stream) return closeIterator(stream);
}

/** Closes the iterator of a stream that no client will pull. */
export async function closeIterator(iterator: AnyIterator): Promise<void> {
  await iterator.return?.();
}

function callInfoOf({ connection, objectId, method, kwargs, correlationId, request }: StreamingCall): CallErrorInfo {
  const { authorization, call } = request;
  return { connection, objectId, method, args: call?.args ?? [], kwargs, correlationId, ...principalOf(authorization) };
}

function moveAll<K, V>(from: Map<K, V>, to: Map<K, V>): void {
  for (const [key, value] of from) to.set(key, value);
  from.clear();
}
