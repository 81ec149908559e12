import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A network between Redis and its clients that is slow for the changes that Redis publishes, and fast for answers to commands. So a name
 * server that forgets to wait for a change shows it.
 */
export class RedisRelay {
  private readonly sockets = new Set<Socket>();
  private readonly subscribed = new Set<{ isForgotten: boolean }>();
  private held: Promise<void> = Promise.resolve();
  /** Delivers what {@link hold} holds. */
  release: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: number,
    private readonly delayMs: () => number,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  /**
   * @param target port of Redis
   * @param delayMs how long each piece of a subscribed connection is on the way. Default: no time
   */
  static async start(target: number, delayMs: () => number = () => 0): Promise<RedisRelay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RedisRelay(server, target, delayMs);
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Keeps back what Redis publishes, until {@link release}. */
  hold(): void {
    this.held = new Promise((resolve) => (this.release = resolve));
  }

  /** Passes nothing on any more over the connections that are subscribed now, and leaves them open: as a firewall that forgets them. */
  forget(): void {
    for (const connection of this.subscribed) connection.isForgotten = true;
  }

  async close(): Promise<void> {
    this.release();
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const redis = connect(this.target, '127.0.0.1');
    const own = { isForgotten: false };
    let delivered = Promise.resolve();
    client.on('data', (data) => {
      if (/\r\nsubscribe\r\n/i.test(data.toString('latin1'))) this.subscribed.add(own);
      if (!own.isForgotten) redis.write(data);
    });
    redis.on('data', (data) => {
      if (own.isForgotten) return;
      if (!this.subscribed.has(own)) {
        client.write(data);
        return;
      }
      delivered = delivered
        .then(() => new Promise<void>((resolve) => setTimeout(resolve, this.delayMs())))
        .then(() => this.held)
        .then(() => void (own.isForgotten || client.write(data)));
    });
    for (const [socket, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.sockets.delete(socket);
        this.subscribed.delete(own);
        other.destroy();
      });
    }
  }
}
