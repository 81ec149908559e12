import { configError } from '../../../options/option-checks.js';
import { optionText } from '../../../protocol/texts/safe-text.js';
import { AnswerTimer } from './answer-timer.js';

/** A connection to Redis. It does not connect again: a new connection is made. */
export interface RedisConnection {
  /** Sends a command. Rejects at once when the connection is lost. */
  send(args: readonly string[]): Promise<unknown>;
  subscribe(channel: string, onMessage: (message: string) => void): Promise<void>;
  /** Calls `listener` when the connection is lost, perhaps several times. */
  onLost(listener: (error: Error) => void): void;
  close(): void;
}

/** Makes connections to one Redis. */
export interface RedisConnector {
  /** The address for errors: `host:port`, or another text. */
  readonly where: string;
  /** The text that the client puts before every key. */
  readonly keyPrefix: string;
  connect(timeoutMs: number): Promise<RedisConnection>;
}

/** A client of the package `@redis/client` or `redis`, made by its `createClient`. */
export interface NodeRedisClient {
  /** The options that the client was made with. The address in errors comes from their `socket`. */
  readonly options?: object;
  /** Makes a client with the same options, except `overrides`. The store uses such clients only. */
  duplicate(overrides?: object): NodeRedisClient;
  /** Connects. Rejects when Redis cannot be reached, or refuses the client. */
  connect(): Promise<unknown>;
  /** Sends a command, and gives its reply with texts as strings. Rejects when Redis answers with an error, or is lost. */
  sendCommand(args: string[]): Promise<unknown>;
  /** Calls `listener` with each message of a channel. */
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  /** Listens to an event: `error` or `end`. */
  on(event: string, listener: (error: Error) => void): unknown;
  /** Closes the connection at once. Throws when the connection is closed already. */
  destroy(): unknown;
}

/** A client of the package `ioredis`, of a single Redis or of a Redis with Sentinels. */
export interface IoredisClient {
  /** The options that the client was made with. */
  readonly options: {
    /** Host of Redis. The address in errors has it. */
    readonly host?: string;
    /** Port of Redis. */
    readonly port?: number;
    /** Path of a unix socket, in place of host and port. */
    readonly path?: string;
    /** Text that the client puts before every key. */
    readonly keyPrefix?: string;
  };
  /** Makes a client with the same options, except `overrides`. The store uses such clients only. */
  duplicate(overrides?: object): IoredisClient;
  /** Connects. Rejects when Redis cannot be reached, or refuses the client. */
  connect(): Promise<unknown>;
  /** Sends a command, and gives its reply with texts as strings. Rejects when Redis answers with an error, or is lost. */
  call(command: string, args: string[]): Promise<unknown>;
  /** Begins to receive the messages of a channel, as events `message`. */
  subscribe(channel: string): Promise<unknown>;
  /** Listens to an event. */
  on(event: string, listener: (...values: never[]) => void): unknown;
  /** Closes the connection at once. */
  disconnect(): void;
}

/** A connected client of the package `redis` (`@redis/client`) or `ioredis`. */
export type RedisClient = NodeRedisClient | IoredisClient;

/**
 * A connector with the settings of a client. The client itself is not used: its commands may wait, and may be sent twice, when the
 * connection is lost.
 *
 * @throws {PyroError} `CONFIG`, when it is no client, another kind of client, or a client of a cluster
 */
export function connectorOf(client: RedisClient): RedisConnector {
  const traits: unknown = client;
  if (typeof traits !== 'object' || traits === null) throw noClient(traits);
  if ('masters' in traits || ('isCluster' in traits && traits.isCluster === true)) {
    throw configError(
      'storage: Redis Cluster is of no use here, since all names of a name server lie in one slot; give a client of one Redis, ' +
        'or an ioredis client with Sentinels, which moves to the replica when the master fails',
    );
  }
  if ('getMasterNode' in traits) {
    throw configError('storage: Sentinels work with a client of ioredis: redisNameStore(new Redis({ sentinels, name }))');
  }
  if ('call' in client && typeof client.call === 'function' && typeof client.duplicate === 'function')
    return new IoredisConnector(client);
  if ('sendCommand' in client && typeof client.duplicate === 'function') return new NodeRedisConnector(client);
  throw noClient(traits);
}

function noClient(given: unknown): Error {
  return configError(
    `storage: redisNameStore takes a client of @redis/client, redis or ioredis, and this is ${optionText(given)}`,
  );
}

class NodeRedisConnector implements RedisConnector {
  readonly keyPrefix = '';

  constructor(private readonly client: NodeRedisClient) {}

  get where(): string {
    const { socket = {} } = (this.client.options ?? {}) as { socket?: { host?: string; port?: number; path?: string } };
    return socket.path ?? `${socket.host ?? 'localhost'}:${socket.port ?? 6379}`;
  }

  async connect(timeoutMs: number): Promise<RedisConnection> {
    const { socket } = (this.client.options ?? {}) as { socket?: object };
    const own = this.client.duplicate({
      disableOfflineQueue: true,
      // replies as texts
      commandOptions: {},
      // the limit of `connected` does not count a standstill of this process
      socket: { ...socket, reconnectStrategy: false, connectTimeout: 0 },
    });
    own.on('error', () => undefined);
    const close = (): void => {
      try {
        own.destroy();
      } catch {
        // a client that has lost its connection refuses to be closed
      }
    };
    await connected(own.connect(), timeoutMs, close);
    return {
      send: (args) => own.sendCommand([...args]),
      subscribe: async (channel, onMessage) => void (await own.subscribe(channel, onMessage)),
      onLost: (listener) => {
        own.on('error', listener);
        own.on('end', () => listener(new Error('the connection was closed')));
      },
      close,
    };
  }
}

class IoredisConnector implements RedisConnector {
  readonly keyPrefix: string;

  constructor(private readonly client: IoredisClient) {
    this.keyPrefix = client.options.keyPrefix ?? '';
  }

  get where(): string {
    const { host, port, path } = this.client.options;
    return path ?? `${host}:${port}`;
  }

  async connect(timeoutMs: number): Promise<RedisConnection> {
    const own = this.client.duplicate({
      lazyConnect: true,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      enableAutoPipelining: false,
      retryStrategy: null,
      sentinelRetryStrategy: null,
      reconnectOnError: null,
      connectTimeout: 0,
      keyPrefix: '',
      replyMapping: 'legacy',
      stringNumbers: false,
    });
    const noCause = new Error('the connection was closed');
    let cause = noCause;
    own.on('error', (error: Error) => void (cause = error));
    await connected(own.connect(), timeoutMs, () => own.disconnect()).catch((error: unknown) => {
      // ioredis rejects with "Connection is closed."; an earlier event has the reason
      throw cause === noCause ? error : cause;
    });
    return {
      send: ([command, ...args]) => own.call(command!, args),
      subscribe: async (channel, onMessage) => {
        own.on('message', (from: string, message: string) => {
          if (from === channel) onMessage(message);
        });
        await own.subscribe(channel);
      },
      onLost: (listener) => void own.on('close', () => listener(cause)),
      close: () => own.disconnect(),
    };
  }
}

/** Waits for a connection, Redis' greeting included. Closes it when that fails or takes too long. */
async function connected(connecting: Promise<unknown>, timeoutMs: number, close: () => void): Promise<void> {
  const limit = new AnswerTimer(timeoutMs, () => new Error(`no connection within ${timeoutMs} ms`));
  try {
    await Promise.race([connecting, limit.late]);
  } catch (error) {
    close();
    throw error;
  } finally {
    limit.clear();
  }
}

/** The code that an error reply of Redis begins with, `ERR` for example; undefined for an error of the connection. */
export function replyCode(error: unknown): string | undefined {
  return /^([A-Z]+) /.exec((error as Error).message)?.[1];
}
