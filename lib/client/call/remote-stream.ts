import { inspect } from 'node:util';
import { recogniseInstances } from '../../copies/process-wide.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { hideMembers } from '../../protocol/texts/hidden-members.js';
import { printable } from '../../reports/printable.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import type { ClientConnection } from '../connection/client-connection.js';
import type { OutgoingCall, OutgoingTrace } from './outgoing-call.js';
import type { CallOptions } from '../options/proxy-options.js';

/** Runs the calls of a stream; implemented by {@link CallRunner}. */
interface StreamCaller {
  run(call: OutgoingCall, options: CallOptions): Promise<unknown>;
}

/** The open connections; implemented by {@link ConnectionPool}. */
interface OpenConnections {
  has(connection: ClientConnection): boolean;
  /** A stream uses a connection from now on: the connection is not idle. */
  streamOpened(connection: ClientConnection): void;
  streamEnded(connection: ClientConnection): void;
}

const END_OF_STREAM = { done: true, value: undefined } as const;

/** Closes the remote iterators of streams that were garbage-collected before their end, as in Pyro5. */
const collected = new FinalizationRegistry<StreamRequests>((requests) => void requests.close());

/**
 * The items of a remote iterator, requested one by one: `for await (const frame of await camera.frames())`.
 *
 * Leaving the loop early closes the remote iterator, also by an error. So does the garbage collector when the stream is dropped before its
 * end. If the connection breaks between two items, the next item is requested over a new connection; that works as long as the daemon keeps
 * the stream (30 s by default). If the connection breaks or the call times out during a request, the error is thrown and the item may be
 * lost. Then the stream stays open, and `next()` goes on with the item after it.
 *
 * All requests of a stream have the correlation id of the call that opened the stream.
 *
 * @see Pyro5/client.py, `_StreamResultIterator`
 */
export class RemoteStream<T = unknown> implements AsyncIterableIterator<T>, AsyncDisposable {
  static {
    recogniseInstances(this, 'RemoteStream');
  }

  private readonly requests: StreamRequests;
  private readonly itemOptions: CallOptions;

  /**
   * @internal
   * @param connection the connection that opened the stream
   * @param trace the trace of the call that opened the stream
   */
  constructor(
    caller: StreamCaller,
    connections: OpenConnections,
    /** Id of the stream at its daemon. */
    readonly id: string,
    connection: ClientConnection | undefined,
    callOptions: CallOptions,
    trace: OutgoingTrace,
  ) {
    this.itemOptions = { ...callOptions, oneway: false, repeatable: false };
    const { callTimeoutMs, annotations } = callOptions;
    const closeOptions = { callTimeoutMs, annotations, oneway: true };
    this.requests = new StreamRequests(caller, connections, id, connection, closeOptions, trace);
    // they lead to the handshake data
    hideMembers(this, 'requests', 'itemOptions');
    collected.register(this, this.requests);
  }

  /**
   * Asks the server for the next item. Requests run one after the other.
   *
   * After an error the stream stays open: the next `next()` asks for the next item, as in Pyro5. {@link return} closes the stream.
   *
   * @throws {PyroRemoteError} when the item cannot be sent, and when the generator on the server fails. A generator that failed has no more
   *   items: further requests fail with Pyro5's `item stream terminated`
   */
  next(): Promise<IteratorResult<T, undefined>> {
    return this.requests.next(this.itemOptions, false) as Promise<IteratorResult<T, undefined>>;
  }

  /** Closes the remote iterator. Never fails: the daemon closes a stream that is not used any more after some time. */
  return(): Promise<IteratorResult<T, undefined>> {
    return this.requests.close();
  }

  /** The same as {@link return}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Gives an iterator of the items, for `for await`: any error closes the stream, unless the error ended the connection. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    // a loop that `next()` has failed never calls `return()`. The functions hold the stream, so that it is not garbage-collected
    const items: AsyncIterableIterator<T> = {
      next: () => this.requests.next(this.itemOptions, true) as Promise<IteratorResult<T, undefined>>,
      return: () => this.return(),
      [Symbol.asyncIterator]: () => items,
    };
    return items;
  }

  /** @internal */
  [inspect.custom](): string {
    return `RemoteStream <${printable(this.id)}>`;
  }
}

/**
 * The requests of a stream, which run one after the other. They never refer to the stream, so that it can be garbage-collected. Between
 * two requests they refer to no signal and no hook of the program either, which may refer to the stream.
 */
class StreamRequests {
  private hasEnded = false;
  private isBusy = false;
  /** Start the requests that wait for their turn. */
  private waiting: (() => void)[] | undefined;

  constructor(
    private readonly caller: StreamCaller,
    private readonly connections: OpenConnections,
    private readonly streamId: string,
    /** The connection to which the daemon counts the stream: once it has ended, the connection of the next request. */
    private connection: ClientConnection | undefined,
    private readonly closeOptions: CallOptions,
    private readonly trace: OutgoingTrace,
  ) {
    if (connection !== undefined) connections.streamOpened(connection);
  }

  /** @param closesOnError true: an error closes the stream, before the requests that wait */
  next(options: CallOptions, closesOnError: boolean): Promise<IteratorResult<unknown, undefined>> {
    const call = this.call(DAEMON_METHODS.nextItem);
    return (call.outcome = this.runNext(call, options, closesOnError));
  }

  private async runNext(
    call: OutgoingCall,
    options: CallOptions,
    closesOnError: boolean,
  ): Promise<IteratorResult<unknown, undefined>> {
    if (this.isBusy) await this.turn();
    this.isBusy = true;
    call.connection = this.connection;
    try {
      if (this.hasEnded) return END_OF_STREAM;
      const value = await this.caller.run(call, options);
      if (call.connection !== this.connection) this.moveTo(call.connection);
      return { done: false, value };
    } catch (error) {
      this.moveTo(call.connection);
      if (error instanceof PyroRemoteError && END_TYPES.has(error.pythonType)) {
        this.end();
        return END_OF_STREAM;
      }
      // the daemon may have kept the stream. After a lost connection, `next()` can go on with it
      if (closesOnError && this.isConnected) void this.closeNow();
      throw error;
    } finally {
      this.turnDone();
    }
  }

  async close(): Promise<typeof END_OF_STREAM> {
    if (this.isBusy) await this.turn();
    this.isBusy = true;
    await this.closeNow();
    this.turnDone();
    return END_OF_STREAM;
  }

  /** Waits for the requests that were made before. */
  private turn(): Promise<void> {
    return new Promise((resolve) => (this.waiting ??= []).push(resolve));
  }

  private turnDone(): void {
    const start = this.waiting?.shift();
    if (start) start();
    else this.isBusy = false;
  }

  private async closeNow(): Promise<void> {
    if (this.hasEnded) return;
    this.hasEnded = true;
    // no connection is opened just to close the stream
    if (!this.isConnected) return;
    await this.caller.run(this.call(DAEMON_METHODS.closeStream), this.closeOptions).catch(() => undefined);
    this.connections.streamEnded(this.connection!);
  }

  /** The daemon has closed the stream. */
  private end(): void {
    this.hasEnded = true;
    if (this.connection !== undefined) this.connections.streamEnded(this.connection);
  }

  /** A daemon counts a stream to the connection that opened it, until that has ended. */
  private moveTo(connection: ClientConnection | undefined): void {
    if (connection === undefined || this.isConnected) return;
    this.connection = connection;
    this.connections.streamOpened(connection);
  }

  private get isConnected(): boolean {
    return this.connection !== undefined && this.connections.has(this.connection);
  }

  private call(method: string): OutgoingCall {
    const { connection, trace } = this;
    return { objectId: DAEMON_OBJECT_ID, method, args: [this.streamId], kwargs: {}, flags: 0, connection, trace };
  }
}

const END_TYPES: ReadonlySet<string> = new Set(['builtins.StopIteration', 'builtins.GeneratorExit']);
