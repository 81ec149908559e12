import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net';

/** Passes the bytes of connections on to a server, and breaks the connections when it is told to. */
export class Relay {
  private readonly pairs = new Set<[Socket, Socket]>();
  /** Bytes that clients have sent over all connections. */
  sentBytes = 0;
  private isSilent = false;
  private passed = 0;
  private cutAt = Infinity;

  private constructor(
    private readonly server: Server,
    /** `host:port` of the server. Another one serves the connections that are opened from then on. */
    public target: string,
  ) {}

  static async start(target: string): Promise<Relay> {
    const server = createServer({ noDelay: true });
    const relay = new Relay(server, target);
    server.on('connection', (client) => relay.join(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  /** `host:port` */
  get location(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.pairs.size;
  }

  /** Ends all connections, in the middle of a message too. @param how `reset`: with RST, else with FIN */
  cut(how: 'end' | 'reset' = 'end'): void {
    for (const pair of this.pairs) for (const socket of pair) close(socket, how);
  }

  /** Resets all connections when so many more bytes have come from the server. */
  cutAfter(bytes: number): void {
    this.cutAt = this.passed + bytes;
  }

  /** Passes nothing on any more, in connections that stay open: as when the network drops each packet. */
  fallSilent(): void {
    this.isSilent = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  /** Passes on what comes, over the open connections too. */
  speak(): void {
    this.isSilent = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    this.cut('reset');
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const colon = this.target.lastIndexOf(':');
    const server = connect({ host: this.target.slice(0, colon), port: Number(this.target.slice(colon + 1)), noDelay: true });
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    this.pass(client, server, pair, (bytes) => (this.sentBytes += bytes));
    this.pass(server, client, pair, (bytes) => {
      this.passed += bytes;
      if (this.passed < this.cutAt) return;
      this.cutAt = Infinity;
      this.cut('reset');
    });
    if (this.isSilent) for (const socket of pair) socket.pause();
  }

  private pass(from: Socket, to: Socket, pair: [Socket, Socket], seen: (bytes: number) => void): void {
    from.on('data', (chunk: Buffer) => {
      to.write(chunk);
      seen(chunk.length);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      close(to, 'end');
      this.pairs.delete(pair);
    });
  }
}

function close(socket: Socket, how: 'end' | 'reset'): void {
  if (how === 'reset') socket.resetAndDestroy();
  else socket.destroy();
}
