import { connect, type Socket } from 'node:net';
import type { Wire } from './wire.js';

/** The buffer of all connections. The bytes of a read are checked before the next read. */
const received = Buffer.allocUnsafeSlow(256 * 1024);

/** A connection that knows its replies by their bytes: all are equal, but for the varying ones. */
export class LoadConnection {
  /** Time at which the waiting request was sent. */
  sentAt = 0;
  private readonly socket: Socket;
  private take: (length: number) => void = () => undefined;
  private onEnd: (error: Error) => void = () => undefined;

  constructor(
    location: string,
    private readonly wire: Wire,
  ) {
    const [host, port] = location.split(':');
    const onread = { buffer: received, callback: (length: number) => (this.take(length), true) };
    this.socket = connect({ host, port: Number(port), noDelay: true, onread });
    this.socket.on('error', (error) => this.onEnd(error));
    this.socket.on('close', () => this.onEnd(new Error('the server closed the connection')));
  }

  /** Greets the server. @returns the request of this connection */
  async greet(): Promise<Buffer> {
    let reply: Buffer = Buffer.alloc(0);
    for (const greeting of this.wire.greetings) {
      reply = await this.exchange(greeting);
      this.wire.checkGreeting(reply);
    }
    return this.wire.request(reply);
  }

  /** Sends a message and waits for the whole reply, whatever it is. */
  exchange(message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size: number | undefined;
      let length = 0;
      this.onEnd = reject;
      this.take = (more) => {
        chunks.push(Buffer.from(received.subarray(0, more)));
        length += more;
        size ??= this.wire.sizeOf(Buffer.concat(chunks));
        if (length === size) resolve(Buffer.concat(chunks));
      };
      this.send(message);
    });
  }

  /** From now on every reply must be as this one. */
  expect(reply: Buffer, onReply: (connection: this) => void, onError: (error: Error) => void): void {
    const { start, end } = this.wire.varying;
    /** Offset in the reply of the next byte to come. */
    let at = 0;
    const isAsExpected = (from: number, to: number, shift: number): boolean =>
      from >= to || received.compare(reply, from, to, from - shift, to - shift) === 0;
    this.onEnd = onError;
    this.take = (length) => {
      for (let from = 0; from < length;) {
        const shift = at - from;
        const until = Math.min(reply.length, length + shift);
        if (!isAsExpected(at, Math.min(until, start), shift) || !isAsExpected(Math.max(at, end), until, shift)) {
          const text = received.toString('latin1', from, Math.min(length, from + 300));
          onError(new Error(`a reply is not as the first one: ${JSON.stringify(text)}`));
          return;
        }
        at = until;
        from = until - shift;
        if (at < reply.length) return;
        at = 0;
        onReply(this);
      }
    };
  }

  send(message: Buffer): void {
    this.sentAt = performance.now();
    this.socket.write(message);
  }

  close(): void {
    this.onEnd = () => undefined;
    this.socket.destroy();
  }
}
