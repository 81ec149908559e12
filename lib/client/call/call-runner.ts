import { CONNECTION_ENDING_TYPES } from '../../protocol/connection-ending-types.js';
import { DAEMON_OBJECT_ID, FLAGS } from '../../protocol/constants.js';
import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { ProxyReference } from '../../protocol/proxy-reference.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import type { ReadContext, Serializer } from '../../serializers/contract/serializer.js';
import type { CorrelationIds } from '../../calls/correlation-id.js';
import { Deadline } from '../../calls/deadline.js';
import { backOff } from '../connection/backoff.js';
import type { ClientConnection } from '../connection/client-connection.js';
import type { OpenedConnection } from '../connection/connection-opener.js';
import type { ConnectionPool } from '../connection/connection-pool.js';
import { endsOf } from '../connection/peer-address.js';
import type { ProxySerializers } from '../messages/proxy-serializers.js';
import { OpenedStream, readReply } from '../messages/reply-reader.js';
import { writeCall } from '../messages/request-writer.js';
import { annotationsOf, type CallOptions, type ResolvedProxyOptions } from '../options/proxy-options.js';
import type { ProxySender } from '../options/received-proxies.js';
import { explainAttribute } from './attribute-hints.js';
import type { OutgoingCall } from './outgoing-call.js';
import { RemoteStream } from './remote-stream.js';

/** Makes the proxies in the results of a proxy's calls. */
type ProxyMaker = (reference: ProxyReference, sender: ProxySender) => unknown;

const SECURITY_ERROR = 'Pyro5.errors.SecurityError';

/** The connections of a proxy and what its messages are made with; implemented by `ProxyConnections`. */
interface CallConnections {
  readonly pool: ConnectionPool;
  readonly correlationIds: CorrelationIds;
  readonly serializers: ProxySerializers;
}

/** Runs the calls of a proxy: takes a connection, sends the request, reads the reply. */
export class CallRunner {
  private readonly repeatable: ReadonlySet<string>;

  private readonly pool: ConnectionPool;

  constructor(
    private readonly options: ResolvedProxyOptions,
    private readonly connections: CallConnections,
    private readonly makeProxy: ProxyMaker,
  ) {
    this.pool = connections.pool;
    this.repeatable = new Set(options.repeatable);
  }

  /**
   * Runs a call.
   *
   * Only a call that is `repeatable` is sent again, when its connection broke after it was sent. Connecting is retried
   * separately, by the {@link ConnectionOpener}.
   *
   * @throws {PyroRemoteError} the call failed on the server
   * @throws {TimeoutError} the call took longer than `callTimeoutMs`
   * @throws {ConnectionClosedError} the connection broke, or could not be opened; `sent` says whether the call may have been run
   * @throws {ProtocolError} the peer sent a message that is not the reply
   */
  async run(call: OutgoingCall, callOptions: CallOptions): Promise<unknown> {
    const { callTimeoutMs, maxRetries } = this.options;
    const mayRepeat = callOptions.repeatable ?? this.repeatable.has(call.method);
    const deadline = new Deadline(call.method, callOptions.callTimeoutMs ?? callTimeoutMs, callOptions.signal);
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.runOnce(call, callOptions, deadline);
        } catch (error) {
          const broke = error instanceof ConnectionClosedError && error.sent === true;
          if (!broke || !mayRepeat || attempt > maxRetries || deadline.failure) throw attempt > 1 ? afterRepeats(error) : error;
          await this.backOff(attempt, deadline);
        }
      }
    } finally {
      deadline.end();
    }
  }

  /** Sends the call once. Takes another connection only if the first turns out to be closed before anything was sent. */
  private async runOnce(call: OutgoingCall, callOptions: CallOptions, deadline: Deadline): Promise<unknown> {
    const { pool } = this;
    let isUnsent = true;
    pool.callMade();
    try {
      for (;;) {
        const taken = pool.take(deadline, call.connection);
        const opened = taken instanceof Promise ? await taken : taken;
        try {
          const { reply, serializer } = await this.send(opened, call, callOptions, deadline);
          if (reply !== false) {
            isUnsent = false;
            pool.callSent();
            const frame = await reply;
            return frame && (await this.read(opened, frame, serializer, { call, callOptions, deadline }));
          }
          opened.connection.drop(new ConnectionClosedError('connection was closed', { sent: false }));
        } finally {
          pool.giveBack(opened);
        }
      }
    } finally {
      if (isUnsent) pool.callSent();
    }
  }

  /** @returns `reply` of `ClientConnection.request`, which is not awaited yet */
  private async send(
    { connection, leases, objectId, metadata }: OpenedConnection,
    call: OutgoingCall,
    callOptions: CallOptions,
    deadline: Deadline,
  ): Promise<{ reply: ReturnType<ClientConnection['request']>; serializer: Serializer }> {
    const { options } = this;
    call.connection = connection;
    const isOneway = callOptions.oneway ?? (call.objectId === undefined && metadata.oneway.has(call.method));
    const parts = {
      leases,
      objectId: call.objectId ?? objectId,
      flags: isOneway ? call.flags | FLAGS.oneway : call.flags,
      annotations: annotationsOf(options.annotations, callOptions.annotations),
      correlationId: this.connections.correlationIds.next(),
    };
    try {
      const { request, serializer } = await writeCall(call, parts, this.connections.serializers, options);
      return { reply: connection.request(request, deadline), serializer };
    } catch (error) {
      // an error of the deadline has `sent` already: an earlier attempt may have been sent
      if (error instanceof CommunicationError) error.sent ??= false;
      throw error;
    }
  }

  private async read(
    opened: OpenedConnection,
    frame: Frame,
    serializer: Serializer,
    { call, callOptions, deadline }: { call: OutgoingCall; callOptions: CallOptions; deadline: Deadline },
  ): Promise<unknown> {
    const { options, connections } = this;
    if (frame.annotations.size > 0) {
      options.onAnnotations?.(frame.annotations);
      callOptions.onAnnotations?.(frame.annotations);
    }
    try {
      const value = await readReply(frame, serializer, this.readContext(opened), connections.serializers.inflation);
      if (!(value instanceof OpenedStream)) return value;
      return new RemoteStream(this, this.pool, value.id, call.connection, callOptions);
    } catch (error) {
      if (error instanceof CommunicationError) error.sent = true;
      if (call.objectId === undefined) explainAttribute(error, opened.metadata, call.method);
      if (error instanceof PyroRemoteError) {
        // the daemon closes the connection after this reply, so no other call may use it
        if (CONNECTION_ENDING_TYPES.has(error.pythonType)) opened.connection.drop(error);
        if (error.pythonType === SECURITY_ERROR) await this.awaitAnswer(opened, deadline);
      }
      throw error;
    }
  }

  /**
   * Asks the daemon for any answer. Called after a SecurityError: a Python daemon then closes the connection, and a daemon of this
   * library keeps the connection with its session. The next call must not be sent before that is known.
   */
  private async awaitAnswer(opened: OpenedConnection, deadline: Deadline): Promise<void> {
    const ping = { objectId: DAEMON_OBJECT_ID, method: 'ping', args: [], kwargs: {}, flags: 0 };
    try {
      await (
        await this.send(opened, ping, { oneway: false }, deadline)
      ).reply;
    } catch {
      // the connection has ended; the next call opens another
    }
  }

  private readContext({ connection }: OpenedConnection): ReadContext {
    return {
      decodeProxy: (state) => this.makeProxy(ProxyReference.fromState(state), endsOf(connection)),
    };
  }

  /** Waits before the call is sent again. @throws the failure of the deadline, when the deadline comes first */
  private async backOff(attempt: number, deadline: Deadline): Promise<void> {
    const controller = new AbortController();
    deadline.watch((error) => controller.abort(error));
    await backOff(attempt, this.options, controller.signal);
    deadline.unwatch();
  }
}

/** Sets `sent` for a failed repeat: the repeat may not have been sent, but the call before it was, and may have been run. */
function afterRepeats(error: unknown): unknown {
  if (!(error instanceof CommunicationError) || error.sent) return error;
  const message = `the call was sent, its connection broke, and it could not be repeated: ${error.message}`;
  return new ConnectionClosedError(message, { cause: error, sent: true });
}
