import { DEFAULT_HANDSHAKE, FLAGS } from '../../protocol/constants.js';
import { CONNECTION_ENDING_TYPES } from '../../protocol/connection-ending-types.js';
import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { ProxyReference } from '../../protocol/proxy-reference.js';
import type { PyroUri } from '../../protocol/uri.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import type { ReadContext, Serializer } from '../../serializers/contract/serializer.js';
import { backOff } from '../connection/backoff.js';
import type { ClientConnection } from '../connection/client-connection.js';
import { ConnectionOpener, type Destination, type OpenedConnection } from '../connection/connection-opener.js';
import { ConnectionPool } from '../connection/connection-pool.js';
import { CorrelationIds } from '../../calls/correlation-id.js';
import { Deadline } from '../../calls/deadline.js';
import { type OutgoingCall, writeCall } from '../call/outgoing-call.js';
import { annotationsOf, type CallOptions, type ResolvedProxyOptions } from '../options/proxy-options.js';
import { ProxySerializers } from '../messages/proxy-serializers.js';
import { type ConnectionEnds, endsOf, type ProxySender } from '../options/received-proxies.js';
import type { ProxyScope } from '../connection/proxy-scope.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import { OpenedStream, readReply } from '../messages/reply-reader.js';
import { RemoteStream } from '../call/remote-stream.js';

/** What a proxy makes of proxies in the results of its calls. */
export type ProxyMaker = (reference: ProxyReference, sender: ProxySender, parent: ResolvedProxyOptions) => unknown;

/** What a core is made of. */
export interface ProxyCoreParts extends Destination {
  /** What the object is known to expose before it was ever reached. */
  metadata: RemoteMetadata | undefined;
  makeProxy: ProxyMaker;
  /** What the proxy belongs to, and ends with; undefined: itself. */
  scope: ProxyScope | undefined;
}

/** Carries out the calls of a proxy. What users see of it is in remote-proxy.ts. */
export class ProxyCore {
  /** As the daemon said it last. */
  metadata: RemoteMetadata | undefined;
  /** Of the connection that was opened last. */
  ends: ConnectionEnds | undefined;
  private readonly pool: ConnectionPool;
  private readonly correlationIds = new CorrelationIds();
  private readonly repeatable: ReadonlySet<string>;
  private made: ProxySerializers | undefined;

  constructor(private readonly parts: ProxyCoreParts) {
    const { options, metadata } = parts;
    this.metadata = metadata;
    this.repeatable = new Set(options.repeatable);
    const opener = new ConnectionOpener(
      parts,
      () => ({ options, serializers: this.serializers, correlationId: this.correlationIds.next() }),
      (connection, error) => {
        const { onDisconnected } = options;
        // a callback that throws must not end in the middle of our own work
        if (this.pool.remove(connection) && onDisconnected) queueMicrotask(() => onDisconnected(error));
      },
    );
    this.pool = new ConnectionPool(
      options,
      (signal) => opener.open(signal),
      (opened) => {
        this.metadata = opened.metadata;
        this.ends = endsOf(opened.connection);
        if (options.onConnected) queueMicrotask(options.onConnected);
      },
      parts.scope,
    );
  }

  get uri(): PyroUri {
    return this.parts.uri;
  }

  get isConnected(): boolean {
    return this.pool.isConnected;
  }

  /** How the object travels to others: without our handshake data unless it is meant to be shared. */
  get reference(): ProxyReference {
    const { shareHandshake, handshake, serializer } = this.parts.options;
    const { oneway, methods, attrs } = this.metadata ?? {};
    return new ProxyReference(this.uri, oneway, methods, attrs, shareHandshake ? handshake : DEFAULT_HANDSHAKE, serializer);
  }

  /** Connects, if there is no connection. */
  async connect(): Promise<void> {
    this.pool.reopen();
    const deadline = new Deadline('connecting', 0, this.parts.options.signal);
    try {
      await this.pool.connect(deadline);
    } finally {
      deadline.end();
    }
  }

  release(): Promise<void> {
    return this.pool.release();
  }

  /**
   * Carries out a call.
   *
   * @throws {PyroRemoteError} it failed over there
   * @throws {TimeoutError} it took longer than `callTimeoutMs`
   * @throws {ConnectionClosedError} the connection broke, or none could be opened; `sent` says whether it may have been carried out
   * @throws {ProtocolError} the peer sent something else than the reply
   */
  async invoke(call: OutgoingCall, callOptions: CallOptions): Promise<unknown> {
    const { callTimeoutMs, maxRetries } = this.parts.options;
    const mayRepeat = callOptions.repeatable ?? this.repeatable.has(call.method);
    const deadline = new Deadline(call.method, callOptions.callTimeoutMs ?? callTimeoutMs, callOptions.signal);
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.attempt(call, callOptions, deadline);
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

  private async attempt(call: OutgoingCall, callOptions: CallOptions, deadline: Deadline): Promise<unknown> {
    for (;;) {
      const taken = this.pool.take(deadline, call.connection);
      const opened = taken instanceof Promise ? await taken : taken;
      try {
        const { reply, serializer } = await this.send(opened, call, callOptions, deadline);
        if (reply !== false) {
          const frame = await reply;
          return frame && (await this.read(opened, frame, serializer, call, callOptions));
        }
        // it had ended unnoticed, and nothing was sent: another one will do
        opened.connection.drop(new ConnectionClosedError('connection was closed', { sent: false }));
      } finally {
        this.pool.giveBack(opened);
      }
    }
  }

  /** @returns `reply` as `ClientConnection.request` gives it, not awaited yet */
  private async send(
    { connection, leases, objectId, metadata }: OpenedConnection,
    call: OutgoingCall,
    callOptions: CallOptions,
    deadline: Deadline,
  ): Promise<{ reply: ReturnType<ClientConnection['request']>; serializer: Serializer }> {
    const { options } = this.parts;
    call.connection = connection;
    const isOneway = callOptions.oneway ?? (call.objectId === undefined && metadata.oneway.has(call.method));
    const envelope = {
      leases,
      objectId: call.objectId ?? objectId,
      flags: isOneway ? call.flags | FLAGS.oneway : call.flags,
      annotations: annotationsOf(options.annotations, callOptions.annotations),
      correlationId: this.correlationIds.next(),
    };
    try {
      const { request, serializer } = await writeCall(call, envelope, this.serializers, options);
      return { reply: connection.request(request, deadline), serializer };
    } catch (error) {
      // a deadline knows better
      if (error instanceof CommunicationError) error.sent ??= false;
      throw error;
    }
  }

  private async read(
    opened: OpenedConnection,
    frame: Frame,
    serializer: Serializer,
    call: OutgoingCall,
    callOptions: CallOptions,
  ): Promise<unknown> {
    const { options } = this.parts;
    if (frame.annotations.size > 0) {
      options.onAnnotations?.(frame.annotations);
      callOptions.onAnnotations?.(frame.annotations);
    }
    try {
      const value = await readReply(frame, serializer, this.contextOf(opened), options.maxMessageBytes);
      if (!(value instanceof OpenedStream)) return value;
      return new RemoteStream(this, this.pool, value.id, call.connection, callOptions);
    } catch (error) {
      if (error instanceof CommunicationError) error.sent = true;
      // a connection that is about to be ended over there must not be handed out again
      if (error instanceof PyroRemoteError && CONNECTION_ENDING_TYPES.has(error.pythonType)) opened.connection.drop(error);
      throw error;
    }
  }

  private contextOf({ connection }: OpenedConnection): ReadContext {
    return {
      decodeProxy: (state) => this.parts.makeProxy(ProxyReference.fromState(state), endsOf(connection), this.parts.options),
    };
  }

  private async backOff(attempt: number, deadline: Deadline): Promise<void> {
    const controller = new AbortController();
    deadline.watch((error) => controller.abort(error));
    await backOff(attempt, this.parts.options, controller.signal);
    deadline.unwatch();
  }

  /** Made at first use: many a received proxy is never called. */
  private get serializers(): ProxySerializers {
    return (this.made ??= new ProxySerializers(this.parts.options));
  }
}

/** A repeat that never left says nothing of the call that it repeats: that one may have been carried out. */
function afterRepeats(error: unknown): unknown {
  if (!(error instanceof CommunicationError) || error.sent) return error;
  const message = `the call was sent, its connection broke, and it could not be repeated: ${error.message}`;
  return new ConnectionClosedError(message, { cause: error, sent: true });
}
