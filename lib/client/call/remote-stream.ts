import { recogniseInstances } from '../../copies/process-wide.js';
import { DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import type { ClientConnection } from '../connection/client-connection.js';
import type { OutgoingCall } from './outgoing-call.js';
import type { CallOptions } from '../options/proxy-options.js';

/** Runs the calls of a stream; implemented by {@link CallRunner}. */
interface StreamCaller {
  run(call: OutgoingCall, options: CallOptions): Promise<unknown>;
}

/** Knows which connections are open; implemented by {@link ConnectionPool}. */
interface OpenConnections {
  has(connection: ClientConnection): boolean;
}

const END_OF_STREAM = { done: true, value: undefined } as const;

/**
 * The items of a remote iterator, requested one by one: `for await (const frame of await camera.frames())`.
 *
 * Leaving the loop early closes the remote iterator. If the connection breaks between two items, the next item is requested over a
 * new connection; that works as long as the daemon keeps the stream (30 s by default). If the connection breaks or the time is over
 * during a request, the error is thrown and the item may be lost. `next()` then goes on with the item after it.
 *
 * @see Pyro5/client.py, `_StreamResultIterator`
 */
export class RemoteStream<T = unknown> implements AsyncIterableIterator<T>, AsyncDisposable {
  static {
    recogniseInstances(this, 'RemoteStream');
  }

  /** Id of the stream at its daemon. */
  readonly id: string;
  private ended = false;
  /** The last request. The requests of a stream run one after the other. */
  private last: Promise<unknown> = Promise.resolve();

  /** @internal @param connection the connection that opened the stream; later the connection of the last request */
  constructor(
    private readonly caller: StreamCaller,
    private readonly connections: OpenConnections,
    streamId: string,
    private connection: ClientConnection | undefined,
    private readonly callOptions: CallOptions,
  ) {
    this.id = streamId;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const pull = this.last.then(() => this.pull());
    this.last = pull.catch(() => undefined);
    return pull;
  }

  /** Closes the remote iterator. Never fails: the daemon closes a stream that is not used any more after some time. */
  return(): Promise<IteratorResult<T, undefined>> {
    const closing = this.last.then(() => this.close());
    this.last = closing;
    return closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private async pull(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return END_OF_STREAM;
    const call = this.call('get_next_stream_item');
    try {
      const value = (await this.caller.run(call, { ...this.callOptions, oneway: false, repeatable: false })) as T;
      return { done: false, value };
    } catch (error) {
      if (error instanceof PyroRemoteError) {
        // the daemon closes a stream after its end and after an error
        this.ended = true;
        if (END_TYPES.has(error.pythonType)) return END_OF_STREAM;
      } else if (this.isConnected) {
        // the item could not be read, or the call was not sent: the loop ends here and requests no more items
        void this.close();
      }
      throw error;
    } finally {
      this.connection = call.connection;
    }
  }

  private async close(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return END_OF_STREAM;
    this.ended = true;
    // no connection is opened just to close the stream
    if (!this.isConnected) return END_OF_STREAM;
    const { signal: _, ...options } = this.callOptions;
    await this.caller.run(this.call('close_stream'), { ...options, oneway: true }).catch(() => undefined);
    return END_OF_STREAM;
  }

  private get isConnected(): boolean {
    return this.connection !== undefined && this.connections.has(this.connection);
  }

  private call(method: string): OutgoingCall {
    return { objectId: DAEMON_OBJECT_ID, method, args: [this.id], kwargs: {}, flags: 0, connection: this.connection };
  }
}

const END_TYPES: ReadonlySet<string> = new Set(['builtins.StopIteration', 'builtins.GeneratorExit']);
