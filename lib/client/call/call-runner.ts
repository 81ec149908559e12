import { FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';
import { NO_ANNOTATIONS } from '../../protocol/messages/annotations.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import { ProxyReference } from '../../protocol/proxy-reference.js';
import { convertedType } from '../../serializers/objects/converted-failures.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import type { ReadContext } from '../../serializers/contract/serializer.js';
import type { CorrelationIds } from '../../calls/correlation-id.js';
import { Deadline } from '../../calls/deadline.js';
import { backOff } from '../connection/backoff.js';
import type { ClientConnection } from '../connection/client-connection.js';
import type { OpenedConnection } from '../connection/connection-opener.js';
import type { ConnectionPool } from '../connection/connection-pool.js';
import { endsOf } from '../connection/peer-address.js';
import { endedAtOnce } from '../connection/releasing.js';
import { checkArgument, TEXT } from '../../options/option-checks.js';
import type { ProxySerializers } from '../messages/proxy-serializers.js';
import { errorOfCaller, OpenedStream, readReply, withCaller } from '../messages/reply-reader.js';
import { type OutgoingRequest, WrittenRequest } from '../messages/outgoing-request.js';
import { requestOf } from '../messages/request-writer.js';
import type { CallOptions } from '../options/proxy-options.js';
import { annotationsToSend, type ResolvedProxyOptions, tellAnnotations } from '../options/resolve-proxy-options.js';
import type { ProxySender } from '../options/received-proxies.js';
import { explainAttribute } from './attribute-hints.js';
import type { ClientObserver } from './client-observer.js';
import { noteAnswer, noteFailure, noteUnreadFailure, unanswered } from './kept-connections.js';
import { methodCall, type OutgoingCall, pingCall, traceOfStream } from './outgoing-call.js';
import { RemoteStream } from './remote-stream.js';

/** Makes the proxies in the results of a proxy's calls. */
type ProxyMaker = (reference: ProxyReference, sender: ProxySender) => unknown;

const PING = Buffer.from('ping');

/** The connections of a proxy, and its serializers; implemented by `ProxyConnections`. */
interface CallConnections {
  readonly pool: ConnectionPool;
  readonly correlationIds: CorrelationIds;
  readonly serializers: ProxySerializers;
  /** True when a peer has sent the proxy. */
  readonly isReceived: boolean;
}

/** Runs the calls of a proxy: takes a connection, sends the request, reads the reply. */
export class CallRunner {
  private readonly repeatable: ReadonlySet<string>;

  private readonly pool: ConnectionPool;

  constructor(
    private readonly options: ResolvedProxyOptions,
    private readonly connections: CallConnections,
    private readonly makeProxy: ProxyMaker,
    private readonly observer: ClientObserver | undefined,
  ) {
    this.pool = connections.pool;
    this.repeatable = new Set(options.repeatable);
  }

  /**
   * Calls a method of the proxy's object. Throws the same errors as {@link run}.
   *
   * @param given positional arguments, then keyword arguments if there are some; the call keeps the array
   * @throws {PyroError} `CONFIG`, when the name is no text
   * @throws {TypeError} when keyword arguments are not the last argument
   */
  callMethod(method: string, given: unknown[], callOptions: CallOptions): Promise<unknown> {
    try {
      checkArgument('the name of the method', method, TEXT);
      const call = methodCall(method, given);
      return (call.outcome = this.run(call, callOptions));
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /**
   * Runs a call.
   *
   * Only a call that is `repeatable` is sent again, when its connection broke after it was sent. Connecting is retried
   * separately, by the {@link ConnectionOpener}.
   *
   * @throws {PyroRemoteError} the call failed on the server; of a class with a converter: what the converter made
   * @throws {TimeoutError} the call took longer than `callTimeoutMs`
   * @throws {ConnectionClosedError} the connection broke, or could not be opened; `sent` says whether the call may have been run
   * @throws {ProtocolError} the peer sent a message that is not the reply
   */
  run(call: OutgoingCall, callOptions: CallOptions): Promise<unknown> {
    const { observer } = this;
    if (observer === undefined) return this.start(call, callOptions);
    return observer.call(call, () => this.start(call, callOptions), callOptions.signal);
  }

  /** Runs a call and converts its result. Throws the same errors as {@link run}. */
  runAs<T>(call: OutgoingCall, callOptions: CallOptions, convert: (result: unknown) => T): Promise<T> {
    const outcome = this.run(call, callOptions).then(convert);
    call.outcome = outcome;
    return outcome;
  }

  /**
   * Asks the daemon for an answer, over a connection of the proxy. Throws the same errors as {@link run}.
   *
   * @param deadline a deadline that has not begun; `callTimeoutMs` of the proxy does not count
   */
  ping(deadline: Deadline): Promise<unknown> {
    const { observer } = this;
    const call = pingCall();
    if (observer === undefined) return this.runOnce(call, {}, deadline);
    return observer.call(call, () => this.runOnce(call, {}, deadline));
  }

  private start(call: OutgoingCall, callOptions: CallOptions): Promise<unknown> {
    const { callTimeoutMs = this.options.callTimeoutMs, repeatable = this.repeatable.has(call.method), signal } = callOptions;
    const deadline = new Deadline(call.method, callTimeoutMs, signal);
    return repeatable ? this.runRepeatedly(call, callOptions, deadline) : this.runOnce(call, callOptions, deadline);
  }

  private async runRepeatedly(call: OutgoingCall, callOptions: CallOptions, deadline: Deadline): Promise<unknown> {
    const { maxRetries } = this.options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.runOnce(call, callOptions, deadline);
      } catch (error) {
        const broke = error instanceof ConnectionClosedError && error.sent === true;
        if (!broke || attempt > maxRetries || deadline.failure) throw attempt > 1 ? afterRepeats(error) : error;
        await this.backOff(attempt, deadline);
      }
    }
  }

  /**
   * Sends the call once. Takes another connection only if the first turns out to be closed before anything was sent, and no connection is
   * opened for the call more than twice: a server may close each after its handshake.
   *
   * This is the only async function between the caller's `await` and the reply: each further one would take 0.5 µs of a call.
   */
  private async runOnce(call: OutgoingCall, callOptions: CallOptions, deadline: Deadline): Promise<unknown> {
    const { pool } = this;
    let opened: OpenedConnection | undefined;
    let discarded = 0;
    let reply: ReturnType<ClientConnection['request']> = false;
    let frame: Frame | undefined;
    pool.unsentCalls.made();
    deadline.begin();
    try {
      let request: OutgoingRequest;
      do {
        if (opened) this.discard(opened, discarded++ > 0);
        const taken = pool.take(deadline, call.connection);
        opened = taken instanceof Promise ? await (this.observer?.wait(taken) ?? taken) : taken;
        if (opened.doubt !== undefined) await this.awaitAnswer(opened, deadline);
        const prepared = this.requestOf(call, callOptions, opened);
        request = prepared instanceof Promise ? await prepared : prepared;
        opened.call = call;
        reply = opened.connection.request(request, deadline);
      } while (reply === false);
      opened.wasUsed = true;
      pool.unsentCalls.sent();
      frame = reply && (await reply);
      if (frame === undefined) return undefined;
      const value = this.read(frame, request, call, callOptions, opened);
      return value instanceof Promise ? await value : value;
    } catch (error) {
      if (error instanceof CommunicationError) error.sent ??= reply !== false;
      if (frame) this.afterFailure(error, frame, call, opened!);
      else if (opened || error === deadline.failure) withCaller(error);
      // an error that came before there was a connection may be the error of other calls, too
      else throw errorOfCaller(error);
      throw error;
    } finally {
      deadline.end();
      if (reply === false) pool.unsentCalls.sent();
      if (opened) {
        opened.call = undefined;
        pool.giveBack(opened);
      }
    }
  }

  /**
   * Gives back a connection that turned out to be closed.
   *
   * @param again true: another connection was closed before
   * @throws {ConnectionClosedError} when another was closed, and no call could use this one
   */
  private discard(opened: OpenedConnection, again: boolean): void {
    opened.connection.drop(new ConnectionClosedError('connection was closed', { sent: false }));
    this.pool.giveBack(opened);
    if (again && !opened.wasUsed) throw endedAtOnce(opened.connection);
  }

  /** @returns a promise only when the request is compressed */
  private requestOf(
    call: OutgoingCall,
    callOptions: CallOptions,
    { connection, leases, objectId, metadata }: OpenedConnection,
  ): OutgoingRequest | Promise<OutgoingRequest> {
    call.connection = connection;
    const isOneway = callOptions.oneway ?? (call.objectId === undefined && metadata.oneway.has(call.method));
    const { method, args, kwargs } = call;
    const { serializers } = this.connections;
    const correlationIds = call.trace?.correlationId ?? this.connections.correlationIds;
    const flags = isOneway ? call.flags | FLAGS.oneway : call.flags;
    const annotations = annotationsToSend(this.options.annotations, callOptions.annotations, call.trace?.annotations);
    const parts = { leases, flags, annotations, correlationIds };
    return requestOf({ objectId: call.objectId ?? objectId, method, args, kwargs }, parts, serializers, this.options);
  }

  /** @returns the result of the call; a promise of it only when the reply is compressed */
  private read(
    frame: Frame,
    request: OutgoingRequest,
    call: OutgoingCall,
    callOptions: CallOptions,
    { connection }: OpenedConnection,
  ): unknown {
    const { onAnnotations } = this.options;
    if (frame.annotations.size > 0) {
      tellAnnotations(onAnnotations, frame.annotations);
      tellAnnotations(callOptions.onAnnotations, frame.annotations);
    }
    const { serializers, isReceived } = this.connections;
    const value = readReply(
      frame,
      request.serializer,
      new ReplyContext(this.makeProxy, connection, isReceived),
      serializers.inflation,
    );
    if (!(value instanceof OpenedStream)) return value;
    return new RemoteStream(this, this.pool, value.id, connection, callOptions, traceOfStream(call, request));
  }

  /** Called when the reply to a call says that the call failed, or cannot be read. */
  private afterFailure(error: unknown, { header }: Frame, call: OutgoingCall, opened: OpenedConnection): void {
    if (error instanceof CommunicationError) error.sent = true;
    if (call.objectId === undefined) explainAttribute(error, opened.metadata, methodsOf(call));
    const pythonType = error instanceof PyroRemoteError ? error.pythonType : convertedType(error);
    if (pythonType !== undefined) noteFailure(opened, error as Error, pythonType, call);
    else if (header.flags & FLAGS.exception) noteUnreadFailure(opened);
  }

  /**
   * Asks the daemon for an answer over a connection that the daemon may close, see {@link noteFailure}. A call that is sent over it would be
   * lost. The question is no call: no access log and no limit of calls counts it.
   */
  private async awaitAnswer(opened: OpenedConnection, deadline: Deadline): Promise<void> {
    const { serializers, correlationIds } = this.connections;
    const request = new WrittenRequest(MESSAGE_TYPES.ping, PING, NO_ANNOTATIONS, serializers.own, 0, correlationIds);
    deadline.connectError = unanswered(opened.connection.location);
    try {
      if (await opened.connection.ping(request, deadline)) noteAnswer(opened);
    } catch {
      // the connection has ended; the call takes another
    } finally {
      deadline.connectError = undefined;
    }
  }

  /** Waits before the call is sent again. @throws the failure of the deadline, when the deadline comes first */
  private async backOff(attempt: number, deadline: Deadline): Promise<void> {
    const controller = new AbortController();
    deadline.begin();
    deadline.watch({ drop: (error) => controller.abort(error) });
    try {
      await backOff(attempt, this.options, controller.signal);
    } finally {
      deadline.end();
    }
  }
}

/** Reads the values in the reply to a call over one connection. */
class ReplyContext implements ReadContext {
  wireBytes: number | undefined = undefined;
  private sender: ProxySender | undefined;

  constructor(
    private readonly makeProxy: ProxyMaker,
    private readonly connection: ClientConnection,
    readonly isOfUnknownPeer: boolean,
  ) {}

  decodeProxy(state: readonly unknown[]): unknown {
    return this.makeProxy(ProxyReference.fromState(state), (this.sender ??= endsOf(this.connection)));
  }
}

/** The names of the methods that a call asks for: a batch has several. */
function methodsOf({ flags, method, args }: OutgoingCall): string[] {
  return flags & FLAGS.batch ? args.map((entry) => (entry as [string])[0]) : [method];
}

/** Sets `sent` for a failed repeat: the repeat may not have been sent, but the call before it was, and may have been run. */
function afterRepeats(error: unknown): unknown {
  if (!(error instanceof CommunicationError) || error.sent) return error;
  const message = `the call was sent, its connection broke, and it could not be repeated: ${error.message}`;
  return new ConnectionClosedError(message, { cause: error, sent: true });
}
