import type { AnyIterator } from '../../objects/item-iterators.js';
import { PyroError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { overLimit } from '../../protocol/over-limit.js';
import { isSamePrincipal } from '../connection/authorizations.js';
import { CLIENT_GONE, clientGone, type SessionConnection } from '../connection/session-connection.js';
import type { ObjectRegistry } from '../object/registry.js';
import type { EventReporter } from '../options/daemon-events.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import type { LimitCounters } from '../options/limit-counters.js';
import { EndedStreams } from './ended-streams.js';
import { EndOfStream, ItemStream, type StreamingCall } from './item-stream.js';

/** The last tenth of `maxStreams` is for connections that have less than a tenth of `maxStreamsPerConnection`. */
const RESERVED_PART = 0.1;

/** The streams that a connection has opened. */
interface OpenedStreams {
  open: number;
  /** Streams that are closed, and whose iterators still run. */
  ending: number;
  /** Called when none is left, once the connection has ended. */
  ended: (() => void) | undefined;
}

/**
 * The open item streams of a daemon.
 *
 * A stream belongs to the connection that read it last. When this connection ends, the stream lingers. Every connection that knows
 * the id may resume the stream, if the handshake guards of the object authorize that connection as the same principal.
 *
 * @see Pyro5/server.py, `streaming_responses`
 */
export class Streams {
  private readonly streams = new Map<string, ItemStream>();
  private readonly openedBy = new Map<SessionConnection, OpenedStreams>();
  private readonly readBy = new Map<SessionConnection, Set<ItemStream>>();
  private readonly closing: EndedStreams;
  private closed = false;

  constructor(
    private readonly daemon: {
      readonly options: ResolvedDaemonOptions;
      readonly objects: ObjectRegistry;
      readonly reporter: EventReporter;
      readonly limits: LimitCounters;
    },
  ) {
    this.closing = new EndedStreams(daemon.options);
  }

  /** Open streams. */
  get size(): number {
    return this.streams.size;
  }

  /** Streams that are closed, and whose iterators still run. */
  get ending(): number {
    return this.closing.running;
  }

  /** Streams that count under `maxStreams`. */
  get used(): number {
    return this.streams.size + this.closing.ending;
  }

  /** The open streams, the oldest first. */
  all(): Iterable<ItemStream> {
    return this.streams.values();
  }

  /** Open streams that a connection has opened. */
  openedByConnection(connection: SessionConnection): number {
    return this.openedBy.get(connection)?.open ?? 0;
  }

  /** Open streams that a connection has opened, or reads. */
  ofConnection(connection: SessionConnection): number {
    let taken = 0;
    for (const { call } of this.readBy.get(connection) ?? []) if (call.connection !== connection) taken++;
    return this.openedByConnection(connection) + taken;
  }

  /**
   * Opens a stream on an iterator, whose code runs in the async context that is running now.
   *
   * @returns the stream's id
   * @throws {PyroError} over `maxStreamsPerConnection`, or over `maxStreams` when none of the streams lingers; after {@link closeAll}
   */
  open(call: StreamingCall, iterator: AnyIterator): string {
    if (this.closed) throw refusal(new PyroError('the daemon has closed'));
    const { maxStreams, maxStreamsPerConnection } = this.daemon.options;
    const used = this.checkConnection(call.connection);
    const { address } = call.connection;
    const refused = address?.streamRefusal() ?? this.closing.refusal(address);
    if (refused) throw refused;
    const free = maxStreams - this.used;
    // a few connections must not hold all streams
    const isReserved = free < maxStreams * RESERVED_PART && used >= maxStreamsPerConnection * RESERVED_PART;
    if (isReserved || (free <= 0 && !this.dropOldestLingering())) {
      const text = `too many open item streams on this daemon (maxStreams is ${maxStreams}${isReserved ? `, and this connection has ${used}` : ''}); try again later`;
      throw overLimit('maxStreams', refusal(new PyroError(text)));
    }
    const { connection } = call;
    const stream = new ItemStream(call, iterator);
    this.streams.set(stream.id, stream);
    this.setReader(stream, connection);
    if (address) address.streams++;
    const opened = this.openedBy.get(connection);
    if (opened) opened.open++;
    else this.openedBy.set(connection, { open: 1, ending: 0, ended: undefined });
    call.request.becomeStream(stream);
    return stream.id;
  }

  /**
   * The next item. Response annotations that the source set since the last item go with it.
   *
   * @param call the call that asks for the item
   * @throws {PythonException} `StopIteration` at the end
   * @throws {PyroError} `item stream terminated` when the stream ended, failed, expired, is unknown, or belongs to another principal; over
   *   `maxStreamsPerConnection`, when another connection read the stream last; over `maxPullsPerStream`; when the client leaves
   */
  async next(call: StreamingCall, id: string): Promise<unknown> {
    const { connection, request } = call;
    const stream = await this.find(connection, id);
    if (stream === undefined || !this.streams.has(id)) throw terminated();
    // nobody would get the item
    if (!connection.connected) throw clientGone();
    if (request.timedOut) return undefined;
    this.checkPulls(stream);
    this.take(stream, connection);
    request.pulledCall = stream.call;
    const outcome = await stream.next(call);
    if (outcome.is === 'item') return outcome.value;
    // a stream that was closed while it was read may have failed for that
    if (outcome.is === 'terminated' || !this.forget(stream)) throw terminated();
    this.countEnded(stream);
    throw outcome.is === 'failed' ? outcome.error : new EndOfStream();
  }

  /** The connections that pull the streams which a request has returned. */
  readersOf(request: object): SessionConnection[] {
    const streams = [...this.streams.values()].filter(({ call }) => call.request === request);
    return streams.flatMap(({ reader }) => reader ?? []);
  }

  /** Closes a stream. A stream that is unknown or belongs to another principal is ignored. */
  async close(connection: SessionConnection, id: string): Promise<void> {
    const stream = await this.find(connection, id);
    if (stream) this.drop(stream, 'the client closed the stream');
  }

  /**
   * A connection has ended: its streams linger, or are closed when `streamLingerMs` is 0. A stream for whose items another connection waits
   * goes on with that one.
   *
   * @returns resolves when all streams that the connection opened have ended, and their iterators, or those are not waited for any more
   */
  connectionEnded(connection: SessionConnection): Promise<void> {
    const linger = this.daemon.options.streamLingerMs > 0;
    for (const stream of this.readBy.get(connection) ?? []) {
      const next = stream.nextReader(connection);
      if (next !== undefined || linger) {
        this.setReader(stream, next);
        stream.lingersSince = next === undefined ? performance.now() : 0;
      } else {
        this.drop(stream, CLIENT_GONE);
      }
    }
    const opened = this.openedBy.get(connection);
    if (opened === undefined) return Promise.resolve();
    return new Promise((resolve) => (opened.ended = resolve));
  }

  /** Closes streams that are past their lifetime or linger time. */
  expire(now: number): void {
    for (const stream of this.streams.values()) if (stream.isExpired(this.daemon.options, now)) this.dropExpired(stream);
  }

  /** Closes all streams. Calls that outlive the daemon can open no more. */
  closeAll(): void {
    this.closed = true;
    for (const stream of this.streams.values()) this.drop(stream, 'the daemon is closing');
  }

  /** The stream with this id, for a connection that may read it. */
  private async find(connection: SessionConnection, id: string): Promise<ItemStream | undefined> {
    const stream = this.streams.get(id);
    if (stream === undefined) return undefined;
    if (stream.isExpired(this.daemon.options, performance.now())) {
      this.dropExpired(stream);
      return undefined;
    }
    return stream.reader === connection || (await this.mayRead(stream, connection)) ? stream : undefined;
  }

  /** True when a connection may read a stream that another connection read last. */
  private async mayRead(stream: ItemStream, connection: SessionConnection): Promise<boolean> {
    const { objectId, request } = stream.call;
    const authorization = await connection.authorizations.authorize(this.daemon.objects.known(objectId), objectId);
    return isSamePrincipal(authorization, request.authorization);
  }

  /** Makes a connection the reader of a stream. @throws {PyroError} over `maxStreamsPerConnection` */
  private take(stream: ItemStream, connection: SessionConnection): void {
    if (stream.reader === connection) return;
    if (stream.call.connection !== connection) this.checkConnection(connection);
    this.setReader(stream, connection);
    stream.lingersSince = 0;
  }

  /** @returns the open streams that the connection has opened, or reads @throws {PyroError} over `maxStreamsPerConnection` */
  private checkConnection(connection: SessionConnection): number {
    const { maxStreamsPerConnection } = this.daemon.options;
    const used = this.ofConnection(connection);
    if (used < maxStreamsPerConnection) return used;
    const text = `too many open item streams on this connection (maxStreamsPerConnection is ${maxStreamsPerConnection}); close some first`;
    throw overLimit('maxStreamsPerConnection', refusal(new PyroError(text)));
  }

  /** @throws {PyroError} over `maxPullsPerStream` */
  private checkPulls({ pulls }: ItemStream): void {
    const { maxPullsPerStream } = this.daemon.options;
    if (pulls < maxPullsPerStream) return;
    const text = `too many requests wait for items of this stream (maxPullsPerStream is ${maxPullsPerStream}); try again when some have got theirs`;
    throw overLimit('maxPullsPerStream', refusal(new PyroError(text)));
  }

  private dropExpired(stream: ItemStream): void {
    const limit = stream.lingersSince > 0 ? 'streamLingerMs' : 'streamLifetimeMs';
    this.daemon.limits.count(limit, undefined, stream.call.connection);
    this.drop(stream, 'the stream expired');
  }

  /** Closes the stream that lingers longest. @returns false when none lingers, or too many iterators of closed streams still run */
  private dropOldestLingering(): boolean {
    if (this.closing.ending > this.daemon.options.maxStreams * RESERVED_PART) return false;
    let oldest: ItemStream | undefined;
    for (const stream of this.streams.values()) {
      if (stream.lingersSince > 0 && (oldest === undefined || stream.lingersSince < oldest.lingersSince)) oldest = stream;
    }
    if (oldest) {
      this.daemon.limits.counts.maxStreams++;
      this.drop(oldest, 'the daemon has too many open streams');
    }
    return oldest !== undefined;
  }

  /** Closes a stream before its end. */
  private drop(stream: ItemStream, reason: string): void {
    if (!this.forget(stream)) return;
    stream.close(reason, (error, call) => this.daemon.reporter.emit('callError', error, call));
    this.countEnded(stream);
    endObserved(stream);
  }

  private forget(stream: ItemStream): boolean {
    if (!this.streams.delete(stream.id)) return false;
    this.setReader(stream, undefined);
    return true;
  }

  /** Counts a stream as ending until its iterator has ended, or is not waited for any more. */
  private countEnded(stream: ItemStream): void {
    const { connection, request } = stream.call;
    const opened = this.openedBy.get(connection)!;
    opened.open--;
    opened.ending++;
    this.closing.add(stream, () => {
      request.requestEnded();
      if (connection.address) connection.address.streams--;
      opened.ending--;
      if (opened.open > 0 || opened.ending > 0) return;
      this.openedBy.delete(connection);
      opened.ended?.();
    });
  }

  private setReader(stream: ItemStream, reader: SessionConnection | undefined): void {
    const before = stream.reader && this.readBy.get(stream.reader);
    if (before?.delete(stream) && before.size === 0) this.readBy.delete(stream.reader!);
    stream.reader = reader;
    if (reader === undefined) return;
    const streams = this.readBy.get(reader);
    if (streams) streams.add(stream);
    else this.readBy.set(reader, new Set([stream]));
  }
}

/** Ends a closed stream for the observers of its call. An iterator that waits for its next item may run for ever. */
function endObserved({ call: { request }, idle }: ItemStream): void {
  if (request.follower === undefined) return;
  const turn = setImmediate(() => request.becomeLate());
  void idle.then(() => clearImmediate(turn));
}

function terminated(): PyroError {
  return refusal(new PyroError('item stream terminated'));
}
