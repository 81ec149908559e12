import { connect, type Socket } from 'node:net';
import { encodeMessage } from '../lib/protocol/message.js';
import { dumps, pyTuple } from '../lib/serpent/index.js';
import type { Turn } from './contest.js';

const HEADER_BYTES = 40;
const CONNECT = 1;
const CONNECT_OK = 2;
const INVOKE = 4;
const RESULT = 5;
const EXCEPTION = 1;
const MAX_BYTES = 2 ** 30;

/** What one connection does again and again: one call, wait for its reply. */
export interface Load {
  location: string;
  object: string;
  method: string;
  args: unknown[];
  connections: number;
}

/** Connections that call in lockstep, as Python proxies do. Looks at no more of a reply than where it ends. */
export class LoadGenerator {
  private replies = 0;
  private running = false;
  private failure: Error | undefined;
  private readonly callers: Caller[] = [];

  /**
   * Calls per second.
   *
   * @throws {Error} when a handshake or a call fails
   */
  static async measure(load: Load, { warmUpMs, ms }: Turn): Promise<number> {
    const generator = await LoadGenerator.open(load);
    try {
      if (warmUpMs > 0) await generator.run(warmUpMs);
      return await generator.run(ms);
    } finally {
      generator.close();
    }
  }

  private static async open({ location, object, method, args, connections }: Load): Promise<LoadGenerator> {
    const generator = new LoadGenerator();
    const [host, port] = location.split(':');
    const request = frame(INVOKE, dumps(pyTuple(object, method, pyTuple(...args), {})));
    const hello = frame(CONNECT, dumps({ handshake: 'hello', object }));
    for (let i = 0; i < connections; i++) {
      const caller = new Caller(connect({ host, port: Number(port), noDelay: true }), request, (error) =>
        generator.onReply(caller, error),
      );
      await caller.handshake(hello);
      generator.callers.push(caller);
    }
    return generator;
  }

  /** Calls for so long, and until there was a reply; gives calls per second. */
  private async run(ms: number): Promise<number> {
    this.replies = 0;
    this.running = true;
    const begun = process.hrtime.bigint();
    for (const caller of this.callers) if (!caller.waiting) caller.call();
    do await new Promise((resolve) => setTimeout(resolve, ms));
    while (this.replies === 0);
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    this.running = false;
    if (this.failure) throw this.failure;
    return this.replies / seconds;
  }

  private close(): void {
    for (const caller of this.callers) caller.close();
  }

  private onReply(caller: Caller, error: Error | undefined): void {
    if (error) this.failure ??= error;
    this.replies++;
    if (this.running && !error) caller.call();
  }
}

class Caller {
  waiting = false;
  private received: Buffer = Buffer.alloc(0);
  private onFrame: (type: number, flags: number, data: Buffer) => void = () => undefined;

  constructor(
    private readonly socket: Socket,
    private readonly request: Buffer,
    private readonly onReply: (error?: Error) => void,
  ) {
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('error', (error) => this.onReply(error));
  }

  handshake(hello: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onFrame = (type, _flags, data) => {
        if (type !== CONNECT_OK) return reject(new Error(`refused: ${data.toString()}`));
        this.onFrame = (replyType, flags, reply) => {
          this.waiting = false;
          const failed = replyType !== RESULT || (flags & EXCEPTION) !== 0;
          this.onReply(failed ? new Error(`call failed: ${reply.toString()}`) : undefined);
        };
        resolve();
      };
      this.socket.write(hello);
    });
  }

  call(): void {
    this.waiting = true;
    this.socket.write(this.request);
  }

  close(): void {
    this.socket.destroy();
  }

  private onData(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    while (this.received.length >= HEADER_BYTES) {
      const { received } = this;
      const bodyStart = HEADER_BYTES + received.readUInt32BE(16);
      const end = bodyStart + received.readUInt32BE(12);
      if (received.length < end) return;
      this.received = received.subarray(end);
      this.onFrame(received[6]!, received.readUInt16BE(8), received.subarray(bodyStart, end));
    }
  }
}

function frame(type: number, data: Buffer): Buffer {
  return Buffer.concat(encodeMessage({ type, serializerId: 1, flags: 0, seq: 1, data }, MAX_BYTES));
}
