import type { UnservedBytes } from './unserved-bytes.js';

/** The most bytes that a held connection reads ahead. One chunk of its socket may go over this. */
const MAX_BYTES = 1024 * 1024;
const FIRST_BLOCK_BYTES = 4 * 1024;
const LAST_BLOCK_BYTES = 64 * 1024;

interface Block {
  readonly buffer: Buffer;
  used: number;
}

/**
 * Bytes that arrive while their connection is held: its requests have to wait. The socket of a held connection is read all the same,
 * because a socket with unread bytes tells neither its end nor its reset.
 *
 * The bytes are copied into blocks, so that many small chunks take no more memory than one large chunk. All blocks count as bytes of
 * requests that wait.
 */
export class ReadAhead {
  private readonly blocks: Block[] = [];
  private nextBlockBytes = FIRST_BLOCK_BYTES;
  /** Bytes that have arrived and were not taken out. */
  bytes = 0;

  constructor(private readonly unserved: UnservedBytes | undefined) {}

  /** True when nothing more should be read. */
  get isFull(): boolean {
    return this.bytes >= MAX_BYTES || this.unserved?.isQueueFull === true;
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    for (let at = 0; at < chunk.length;) {
      const block = this.blockWithRoom();
      const copied = chunk.copy(block.buffer, block.used, at);
      block.used += copied;
      at += copied;
    }
  }

  /** Takes out the first bytes. Undefined: there are none. */
  shift(): Buffer | undefined {
    const block = this.blocks.shift();
    if (block === undefined) return undefined;
    this.bytes -= block.used;
    this.unserved?.dequeue(block.buffer.length);
    return block.buffer.subarray(0, block.used);
  }

  clear(): void {
    while (this.shift() !== undefined);
  }

  private blockWithRoom(): Block {
    const last = this.blocks.at(-1);
    if (last !== undefined && last.used < last.buffer.length) return last;
    const block = { buffer: Buffer.allocUnsafeSlow(this.nextBlockBytes), used: 0 };
    this.nextBlockBytes = Math.min(this.nextBlockBytes * 2, LAST_BLOCK_BYTES);
    this.blocks.push(block);
    this.unserved?.enqueue(block.buffer.length);
    return block;
  }
}
