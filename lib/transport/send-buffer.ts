import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LargeBlocks } from '../protocol/messages/large-blocks.js';
import { ByteWriter } from '../serpent/writing/byte-writer.js';

/** A connection whose messages are in the send buffer. */
export interface SendBufferUser {
  /** Writes these messages to the socket, see {@link SendBuffer.writeTo}. */
  flush(): void;
}

/** Messages up to this size are written without an allocation. */
const BUFFER_BYTES = 64 * 1024;
/** Views up to this size are kept: to make a view takes longer than to write a small reply. */
const MAX_KEPT_VIEW_BYTES = 1024;
/** On Windows the system reads the bytes after the write, so they cannot be used again. */
const TAKES_BYTES_AT_ONCE = process.platform !== 'win32';

/**
 * The bytes of the messages that one connection is about to write. Many connections share a buffer, one after the other, so a reply
 * allocates no bytes of its own and is not copied after its header.
 *
 * The bytes are used again only when the system has taken all of them. If they may be read later, the socket gets a copy, or the
 * buffer itself, and the next message goes into a new buffer.
 */
export class SendBuffer {
  private own = allocate();
  private readonly out: ByteWriter;
  private readonly views: Buffer[] = [];
  private user: SendBufferUser | undefined;
  private isWriting = false;
  private messageStart = 0;

  /** @param blocks for messages that are larger than the buffer */
  constructor(private readonly blocks = new LargeBlocks()) {
    this.out = new ByteWriter(this.own, blocks);
  }

  /**
   * Starts a message. {@link end} or {@link drop} must follow. Messages of another connection leave first.
   *
   * @returns undefined while another message is being written: writing a value may call code of the application, which may send
   */
  begin(user: SendBufferUser): ByteWriter | undefined {
    if (this.isWriting) return undefined;
    if (this.user !== user) {
      this.user?.flush();
      this.user = user;
    }
    this.isWriting = true;
    this.messageStart = this.out.size;
    return this.out;
  }

  /** The bytes that wait to be written. */
  get size(): number {
    return this.out.size;
  }

  /** Offset of the message in the writer. */
  get start(): number {
    return this.messageStart;
  }

  /** The message is complete. */
  end(): void {
    this.isWriting = false;
  }

  /** The message is not sent. */
  drop(): void {
    this.isWriting = false;
    this.out.cut(this.messageStart);
    if (this.out.size === 0) this.release();
  }

  /** True when messages of `user` wait to be written. */
  isUsedBy(user: SendBufferUser): boolean {
    return this.user === user && !this.isWriting;
  }

  /** Drops the messages that wait. Their connection is closed. */
  clear(): void {
    this.out.cut(0);
    this.release();
  }

  /** Writes the messages that wait to the socket of their connection. */
  writeTo(socket: Duplex): void {
    const { out, own } = this;
    this.user = undefined;
    if (out.buffer !== own) {
      // a large message has its own block
      const message = out.written();
      const block = out.buffer;
      out.moveTo(own);
      // another kind of stream may keep the bytes after its write
      if (isSocket(socket)) socket.write(message, (error) => error ?? this.blocks.give(block));
      else socket.write(message);
    } else if (!takesBytesAtOnce(socket)) {
      const copy = Buffer.from(out.written());
      out.cut(0);
      socket.write(copy);
    } else {
      const message = this.view(out.size);
      out.cut(0);
      socket.write(message);
      if (socket.writableLength > 0) this.replace();
    }
  }

  private view(size: number): Buffer {
    if (size > MAX_KEPT_VIEW_BYTES) return this.own.subarray(0, size);
    return (this.views[size] ??= this.own.subarray(0, size));
  }

  /** Replaces the buffer, because the socket still needs its bytes. */
  private replace(): void {
    this.own = allocate();
    this.views.length = 0;
    this.out.moveTo(this.own);
  }

  private release(): void {
    this.user = undefined;
    if (this.out.buffer === this.own) return;
    this.blocks.give(this.out.buffer);
    this.out.moveTo(this.own);
  }
}

/** True when the system takes bytes during `write`, or `writableLength` counts the rest. Other streams may keep the bytes. */
function takesBytesAtOnce(socket: Duplex): boolean {
  return TAKES_BYTES_AT_ONCE && socket.writableLength === 0 && socket.writableCorked === 0 && isSocket(socket);
}

/** True for a socket of Node without TLS, which is done with the bytes of a write when it calls back. */
function isSocket(socket: Duplex): boolean {
  return socket.constructor === Socket;
}

function allocate(): Buffer {
  return Buffer.allocUnsafeSlow(BUFFER_BYTES);
}
