import { DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import type { ClientConnection } from '../connection/client-connection.js';
import type { OutgoingCall } from './outgoing-call.js';
import type { CallOptions } from '../options/proxy-options.js';

/** Makes calls; a {@link ProxyCore} does. */
interface Caller {
  invoke(call: OutgoingCall, options: CallOptions): Promise<unknown>;
}

/** Knows which connections are there; a {@link ConnectionPool} does. */
interface Connections {
  has(connection: ClientConnection): boolean;
}

const ENDED = { done: true, value: undefined } as const;

/**
 * The items of a remote iterator, pulled one by one: `for await (const frame of await camera.frames())`.
 *
 * Leaving the loop early closes the remote iterator. When the connection breaks between two items, the next one comes over a
 * new connection, if the daemon still keeps the stream (30 s by default). A connection that broke, or a timeout, during a
 * pull is thrown: that item may be lost. Calling `next()` again then goes on with the item behind it.
 *
 * @see Pyro5/client.py, `_StreamResultIterator`
 */
export class RemoteStream<T = unknown> implements AsyncIterableIterator<T>, AsyncDisposable {
  private ended = false;
  /** Pulls of one stream follow each other, whoever asks. */
  private last: Promise<unknown> = Promise.resolve();

  /** @param connection over which it was opened, and then the one it was taken up by */
  constructor(
    private readonly caller: Caller,
    private readonly connections: Connections,
    /** Id of the stream at its daemon. */
    readonly id: string,
    private connection: ClientConnection | undefined,
    private readonly callOptions: CallOptions,
  ) {}

  next(): Promise<IteratorResult<T, undefined>> {
    const pull = this.last.then(() => this.pull());
    this.last = pull.catch(() => undefined);
    return pull;
  }

  /** Closes the remote iterator. Never fails: a stream that cannot be closed is closed by its daemon after a while. */
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
    if (this.ended) return ENDED;
    const call = this.call('get_next_stream_item');
    try {
      const value = (await this.caller.invoke(call, { ...this.callOptions, oneway: false, repeatable: false })) as T;
      return { done: false, value };
    } catch (error) {
      if (error instanceof PyroRemoteError) {
        // the daemon has dropped the stream, be it at its end or for its error
        this.ended = true;
        if (END_TYPES.has(error.pythonType)) return ENDED;
      } else if (this.isConnected) {
        // an item that cannot be read, or a call that never got its turn: nobody will ask for more
        void this.close();
      }
      throw error;
    } finally {
      this.connection = call.connection;
    }
  }

  private async close(): Promise<IteratorResult<T, undefined>> {
    if (this.ended) return ENDED;
    this.ended = true;
    // a connection is not opened for this alone
    if (!this.isConnected) return ENDED;
    const { signal: _, ...options } = this.callOptions;
    await this.caller.invoke(this.call('close_stream'), { ...options, oneway: true }).catch(() => undefined);
    return ENDED;
  }

  private get isConnected(): boolean {
    return this.connection !== undefined && this.connections.has(this.connection);
  }

  private call(method: string): OutgoingCall {
    return { objectId: DAEMON_OBJECT_ID, method, args: [this.id], kwargs: {}, flags: 0, connection: this.connection };
  }
}

const END_TYPES: ReadonlySet<string> = new Set(['builtins.StopIteration', 'builtins.GeneratorExit']);
