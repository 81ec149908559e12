import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { AnyIterator } from '../../objects/item-iterators.js';
import { PyroError } from '../../protocol/errors.js';
import { stopIteration } from '../../protocol/python-exception.js';
import { runInCall } from '../../calls/current-call.js';
import type { CallContext } from '../contract/call-context.js';
import type { Call } from './call.js';
import type { DaemonConnection } from '../session/connection.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';

/** An iterator that a client pulls item by item. */
interface ItemStream {
  readonly id: string;
  readonly call: Call;
  readonly iterator: AnyIterator;
  readonly openedAt: number;
  /** Who pulls it now; undefined while it lingers. */
  reader: DaemonConnection | undefined;
  lingersSince: number;
  /** The pull that runs; the next one waits for it. */
  pulling: Promise<unknown>;
}

/** What a stream registry needs to know of the connection that asks: may it use the object, and as whom? */
export type Admit = (connection: DaemonConnection, objectId: string) => Promise<unknown>;

const NO_STREAMS_LEFT = Promise.resolve();

/** An iterator that does not come to its end after it was closed is waited for no longer. */
const CLOSE_GRACE_MS = 5_000;

/**
 * The open item streams of a daemon.
 *
 * A stream belongs to the connection that opened it. When that ends it lingers, and may be taken up by a connection
 * that its object's handshake guards let in as the same principal.
 *
 * @see Pyro5/server.py, `streaming_responses`
 */
export class StreamRegistry {
  private readonly streams = new Map<string, ItemStream>();
  private readonly openedBy = new Map<DaemonConnection, { open: number; ended: (() => void) | undefined }>();
  private readonly readBy = new Map<DaemonConnection, Set<ItemStream>>();
  private closed = false;

  constructor(
    private readonly options: ResolvedDaemonOptions,
    private readonly admit: Admit,
    private readonly onError: (error: unknown, call: Call) => void,
  ) {}

  get size(): number {
    return this.streams.size;
  }

  /**
   * Keeps an iterator for a client.
   *
   * @returns the stream's id
   * @throws {PyroError} over `maxStreamsPerConnection`, or over `maxStreams` when none of the streams lingers; after {@link closeAll}
   */
  open(call: Call, iterator: AnyIterator): string {
    if (this.closed) throw new PyroError('the daemon has closed');
    const { maxStreams, maxStreamsPerConnection } = this.options;
    const opened = this.openedBy.get(call.connection)?.open ?? 0;
    if (opened >= maxStreamsPerConnection) {
      throw new PyroError(
        `too many open item streams on this connection (maxStreamsPerConnection is ${maxStreamsPerConnection}); close some first`,
      );
    }
    if (this.streams.size >= maxStreams && !this.dropOldestLingering()) {
      throw new PyroError(`too many open item streams on this daemon (maxStreams is ${maxStreams}); try again later`);
    }
    const id = randomUUID();
    const { connection } = call;
    const stream: ItemStream = {
      id,
      call,
      iterator,
      openedAt: Date.now(),
      reader: undefined,
      lingersSince: 0,
      pulling: NO_STREAMS_LEFT,
    };
    this.streams.set(id, stream);
    this.setReader(stream, connection);
    const count = this.openedBy.get(connection);
    if (count) count.open++;
    else this.openedBy.set(connection, { open: 1, ended: undefined });
    call.request.becomeStream();
    return id;
  }

  /**
   * The next item. Response annotations that the source set since the last one go with it.
   *
   * @param call that asks for it
   * @throws {PythonException} `StopIteration` at the end
   * @throws {PyroError} `item stream terminated` when it ended, failed, expired, is unknown, or is another principal's
   */
  async next({ connection, responseAnnotations }: CallContext, id: string): Promise<unknown> {
    const stream = await this.find(connection, id);
    if (stream === undefined) throw terminated();
    const pull = stream.pulling
      .then(() => this.pull(stream))
      .finally(() => moveAll(stream.call.responseAnnotations, responseAnnotations));
    stream.pulling = pull.catch(() => undefined);
    return whileConnected(connection, pull);
  }

  /** Closes a stream; one that is not there, or not this connection's to close, is passed over. */
  async close(connection: DaemonConnection, id: string): Promise<void> {
    const stream = await this.find(connection, id);
    if (stream) this.drop(stream, 'the client closed the stream');
  }

  /**
   * A connection ended: its streams linger, or end with it.
   *
   * @returns resolves when none of those that it opened is left
   */
  connectionEnded(connection: DaemonConnection): Promise<void> {
    const linger = this.options.streamLingerMs > 0;
    for (const stream of this.readBy.get(connection) ?? []) {
      if (linger) {
        this.setReader(stream, undefined);
        stream.lingersSince = Date.now();
      } else {
        this.drop(stream, 'the client has gone away');
      }
    }
    const count = this.openedBy.get(connection);
    if (count === undefined) return NO_STREAMS_LEFT;
    return new Promise((resolve) => (count.ended = resolve));
  }

  /** Drops streams past their lifetime or linger time. */
  expire(now: number): void {
    for (const stream of this.streams.values()) if (this.isExpired(stream, now)) this.drop(stream, 'the stream expired');
  }

  /** Closes all; no more can be opened, as by a call that outlives the daemon. */
  closeAll(): void {
    this.closed = true;
    for (const stream of this.streams.values()) this.drop(stream, 'the daemon is closing');
  }

  private async find(connection: DaemonConnection, id: string): Promise<ItemStream | undefined> {
    const stream = this.streams.get(id);
    if (stream === undefined) return undefined;
    if (this.isExpired(stream, Date.now())) {
      this.drop(stream, 'the stream expired');
      return undefined;
    }
    if (stream.reader === connection) return stream;
    const principal = await this.admit(connection, stream.call.objectId);
    if (!isDeepStrictEqual(principal, stream.call.principal)) return undefined;
    if (!this.streams.has(id)) return undefined;
    this.setReader(stream, connection);
    stream.lingersSince = 0;
    return stream;
  }

  private async pull(stream: ItemStream): Promise<unknown> {
    if (!this.streams.has(stream.id)) throw terminated();
    try {
      const step = await runInCall(stream.call, () => stream.iterator.next());
      if (!step.done) return step.value;
    } catch (error) {
      if (this.forget(stream)) this.countEnded(stream);
      throw error;
    }
    if (this.forget(stream)) this.countEnded(stream);
    throw stopIteration();
  }

  private isExpired({ openedAt, lingersSince }: ItemStream, now: number): boolean {
    const { streamLifetimeMs, streamLingerMs } = this.options;
    return (
      (streamLifetimeMs > 0 && now - openedAt > streamLifetimeMs) || (lingersSince > 0 && now - lingersSince > streamLingerMs)
    );
  }

  private dropOldestLingering(): boolean {
    let oldest: ItemStream | undefined;
    for (const stream of this.streams.values()) {
      if (stream.lingersSince > 0 && (oldest === undefined || stream.lingersSince < oldest.lingersSince)) oldest = stream;
    }
    if (oldest) this.drop(oldest, 'the daemon has too many open streams');
    return oldest !== undefined;
  }

  /** Takes a stream away before its end: its source is told to stop. */
  private drop(stream: ItemStream, reason: string): void {
    if (!this.forget(stream)) return;
    stream.call.request.abort(new Error(reason));
    const { iterator, call } = stream;
    // a pull that runs may wait for what never comes: only closing ends it; generators close behind it by themselves
    const closing = Promise.resolve()
      .then(() => runInCall(call, () => iterator.return?.()))
      .catch((error: unknown) => this.onError(error, call));
    stream.pulling = Promise.all([stream.pulling, closing]);
    this.countEnded(stream);
  }

  private forget(stream: ItemStream): boolean {
    if (!this.streams.delete(stream.id)) return false;
    this.setReader(stream, undefined);
    return true;
  }

  /** Tells who waits for the last stream of a connection, once its iterator is at rest. */
  private countEnded({ call: { connection, request }, pulling }: ItemStream): void {
    void pulling.then(() => request.end());
    const count = this.openedBy.get(connection);
    if (count === undefined || --count.open > 0) return;
    this.openedBy.delete(connection);
    const { ended } = count;
    if (ended === undefined) return;
    const timer = setTimeout(ended, CLOSE_GRACE_MS);
    timer.unref();
    void pulling.then(() => {
      clearTimeout(timer);
      ended();
    });
  }

  private setReader(stream: ItemStream, reader: DaemonConnection | undefined): void {
    const before = stream.reader && this.readBy.get(stream.reader);
    if (before?.delete(stream) && before.size === 0) this.readBy.delete(stream.reader!);
    stream.reader = reader;
    if (reader === undefined) return;
    const streams = this.readBy.get(reader);
    if (streams) streams.add(stream);
    else this.readBy.set(reader, new Set([stream]));
  }
}

/** An item that nobody waits for any more must not hold the connection it was asked on. */
function whileConnected<T>(connection: DaemonConnection, pull: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new Error('the client has gone away'));
    if (!connection.connected) return leave();
    const forget = connection.onGone(leave);
    pull.then(resolve, reject).finally(forget);
  });
}

function moveAll<K, V>(from: Map<K, V>, to: Map<K, V>): void {
  for (const [key, value] of from) to.set(key, value);
  from.clear();
}

function terminated(): PyroError {
  return new PyroError('item stream terminated');
}
