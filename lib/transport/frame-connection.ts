import type { Duplex } from 'node:stream';
import { ConnectionClosedError, TimeoutError } from '../protocol/errors.js';
import { lookBeforeCut } from './event-loop-look.js';
import type { UnsentBytes } from './unsent-bytes.js';
import { warnOfError } from '../reports/warning.js';
import { type Frame, FrameReader } from '../protocol/frame-reader.js';
import { sizeLimit } from '../protocol/header.js';
import { encodeMessage, type OutgoingMessage, type WireLog, type WireMessage } from '../protocol/message.js';
import { NO_ANNOTATIONS } from '../protocol/annotations.js';
import { overLimit } from '../protocol/over-limit.js';

export interface FrameConnectionOptions {
  /** Largest message either way, in bytes. */
  maxMessageBytes: number;
  /** Largest message before {@link FrameConnection.accept}; the smaller limit holds. */
  maxHandshakeBytes?: number;
  /** The connection fails when an unfinished frame gets no more bytes for so long; 0: never. */
  frameTimeoutMs: number;
  /** The connection fails when one frame takes longer in all; 0: never. */
  messageTimeoutMs?: number;
  /** Limits the unsent bytes of all connections together. */
  unsent?: UnsentBytes;
  /** Message types that are accepted before {@link FrameConnection.accept} is called. */
  acceptedTypes: readonly number[];
  /** Name of the peer in the wire log. */
  peer?: string;
  /** Is called with every message. */
  wireLog?: WireLog;
}

/** The callbacks of a connection's owner. */
export interface FrameConnectionHandler {
  /**
   * Frames may be waiting, or the peer reads again. Call {@link FrameConnection.next} until it gives none, or
   * {@link FrameConnection.hold} the connection.
   */
  onReady(): void;
  /** The connection is closed. Without an error, the peer ended it between two frames. Called exactly once. */
  onClosed(error: Error | undefined): void;
}

/** With more unsent bytes a connection is congested. A single message may be larger. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** An ended connection is destroyed after so long when its last bytes cannot be delivered. */
const LINGER_MS = 2_000;

/**
 * Frames over a byte stream (TCP, TLS, unix socket, in-memory pair).
 *
 * Reading stops while the owner holds the connection ({@link hold}), or while the peer does not read. So a slow peer cannot make
 * the buffers grow.
 */
export class FrameConnection {
  private readonly reader: FrameReader;
  private frameTimer: NodeJS.Timeout | undefined;
  /** `performance.now()` when the unfinished frame began; 0: there is none. */
  private frameSince = 0;
  /** The frame has stalled; set until bytes arrive. */
  private hasStalled = false;
  private state: 'open' | 'ending' | 'closed' = 'open';
  private held = false;
  private congested = false;
  /** Messages of this turn of the event loop. They leave in one write. */
  private outbox: Buffer[] = [];
  private outboxBytes = 0;
  /** True when a flush of the outbox is scheduled. */
  private flushing = false;
  private closeError: Error | undefined;

  constructor(
    readonly socket: Duplex,
    private readonly options: FrameConnectionOptions,
    private readonly handler: FrameConnectionHandler,
  ) {
    const { maxMessageBytes, maxHandshakeBytes, acceptedTypes } = options;
    this.reader = new FrameReader(sizeLimit(maxMessageBytes, maxHandshakeBytes), acceptedTypes);
    socket.on('data', (chunk: Buffer) => this.onData(chunk));
    socket.on('end', () => this.onEnd());
    // not every error closes the socket: too many TLS renegotiations do not
    socket.on('error', (error: Error) => this.destroy(error));
    socket.on('close', () => this.onClose());
    socket.on('drain', () => this.onDrain());
  }

  /** True while a part of a frame has arrived. */
  get isReceiving(): boolean {
    return !this.reader.idle;
  }

  /** Bytes that wait for the peer to read them. */
  get unsentBytes(): number {
    return this.outboxBytes + this.socket.writableLength;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** True while too many bytes are unsent: nothing is read, and the owner should send no more. */
  get isCongested(): boolean {
    return this.congested;
  }

  /** Sets the message types that are accepted from now on. From now on messages may have up to `maxMessageBytes`. */
  accept(types: readonly number[]): void {
    this.reader.acceptedTypes = types;
    this.reader.limit = sizeLimit(this.options.maxMessageBytes);
  }

  /**
   * The next complete frame; undefined when there is none.
   *
   * @throws {ProtocolError} when the bytes are no Pyro message; the owner may answer before {@link destroy}
   */
  next(): Frame | undefined {
    const frame = this.reader.next();
    if (frame) this.frameSince = 0;
    if (frame && this.options.wireLog)
      this.log('received', { ...frame.header, annotations: frame.annotations, data: frame.data });
    return frame;
  }

  /** Stops reading until {@link release}. */
  hold(): void {
    this.held = true;
    this.flow();
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    this.flow();
  }

  /**
   * Sends one message. All messages of one turn of the event loop leave in one write.
   *
   * @returns false when the connection is closed and the message is dropped
   * @throws {MessageTooLargeError} before anything is written
   */
  send(message: OutgoingMessage): boolean {
    const parts = encodeMessage(message, this.options.maxMessageBytes);
    if (this.state !== 'open' || !this.socket.writable) return false;
    for (const part of parts) {
      this.outbox.push(part);
      this.outboxBytes += part.length;
    }
    if (this.options.wireLog) this.log('sent', message);
    if (!this.flushing) {
      this.flushing = true;
      process.nextTick(() => this.flush());
    }
    if (this.unsentBytes > MAX_UNSENT_BYTES && !this.congested) {
      this.congested = true;
      this.flow();
    }
    return true;
  }

  /** Sends the messages in the outbox, then closes. @param error why, for {@link FrameConnectionHandler.onClosed} */
  end(error?: Error): void {
    if (this.state !== 'open') return;
    this.closeError ??= error;
    this.flush();
    this.state = 'ending';
    this.clearFrameTimer();
    this.socket.end();
    // A peer that never reads must not keep the socket open. The bytes that it still sends are read and dropped: TCP resets a
    // connection that is closed with unread bytes, and the last messages would be lost.
    const timer = setTimeout(() => this.socket.destroy(), LINGER_MS);
    timer.unref();
    this.socket.once('close', () => clearTimeout(timer));
    this.socket.resume();
  }

  /** Sends the messages in the outbox, then closes without waiting for the peer. */
  endSoon(): void {
    if (this.state !== 'open') return;
    this.end();
    if (this.socket.writableFinished) this.socket.destroy();
    else this.socket.once('finish', () => this.socket.destroy());
  }

  /** Closes at once. */
  destroy(error?: Error): void {
    this.closeError ??= error;
    if (this.state === 'open') this.state = 'ending';
    this.clearFrameTimer();
    this.socket.destroy();
  }

  /** An error of the user's log is a warning and does not end the connection. */
  private log(
    direction: WireMessage['direction'],
    { type, flags, seq, serializerId, annotations = NO_ANNOTATIONS, data }: OutgoingMessage,
  ): void {
    const { wireLog, peer = '' } = this.options;
    try {
      wireLog!({ direction, peer, type, flags, seq, serializerId, annotations, data });
    } catch (error) {
      warnOfError(error);
    }
  }

  private onData(chunk: Buffer): void {
    if (this.state !== 'open') return;
    this.reader.push(chunk);
    const { flushing } = this;
    this.flushing = true;
    this.handler.onReady();
    if (!flushing) this.flush();
    this.watchFrame();
  }

  private flush(): void {
    const { outbox, socket } = this;
    this.flushing = false;
    if (outbox.length === 0) return;
    this.outbox = [];
    this.outboxBytes = 0;
    if (!socket.writable) return;
    if (outbox.length === 1) {
      socket.write(outbox[0]!);
    } else {
      socket.cork();
      for (const part of outbox) socket.write(part);
      socket.uncork();
    }
    if (socket.writableLength > 0) this.options.unsent?.note(this);
  }

  private onEnd(): void {
    if (this.state === 'open' && !this.reader.idle) {
      this.closeError ??= new ConnectionClosedError('connection ended in the middle of a message');
    }
  }

  private onClose(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.clearFrameTimer();
    this.options.unsent?.forget(this);
    this.handler.onClosed(this.closeError);
  }

  private onDrain(): void {
    this.options.unsent?.note(this);
    if (!this.congested) return;
    this.congested = false;
    this.flow();
    if (this.state === 'open') this.handler.onReady();
  }

  private flow(): void {
    if (this.state !== 'open') return;
    if (this.held || this.congested) this.socket.pause();
    else this.socket.resume();
    this.watchFrame();
  }

  /** The timer runs only while a frame is unfinished and the socket is read. */
  private watchFrame(): void {
    const { frameTimeoutMs } = this.options;
    if (frameTimeoutMs === 0) return;
    this.hasStalled = false;
    if (this.state !== 'open' || this.reader.idle || this.held || this.congested) {
      this.clearFrameTimer();
      return;
    }
    if (this.frameTimer) {
      this.frameTimer.refresh();
    } else {
      this.frameTimer = setTimeout(() => this.onStalled(), frameTimeoutMs);
      this.frameTimer.unref();
    }
    this.watchMessage();
  }

  /** A frame of which a byte arrives now and then never stalls. */
  private watchMessage(): void {
    const { messageTimeoutMs = 0 } = this.options;
    if (this.frameSince === 0) this.frameSince = performance.now();
    if (messageTimeoutMs === 0 || performance.now() - this.frameSince <= messageTimeoutMs) return;
    const since = this.frameSince;
    lookBeforeCut(() => {
      if (this.frameSince !== since) return;
      const text = `a message took longer than messageTimeoutMs (${messageTimeoutMs} ms); ${this.reader.bufferedBytes} bytes of it have arrived`;
      this.destroy(overLimit('messageTimeoutMs', new TimeoutError(text)));
    });
  }

  private onStalled(): void {
    this.hasStalled = true;
    lookBeforeCut(() => {
      if (!this.hasStalled) return;
      const { frameTimeoutMs } = this.options;
      const text = `a message stalled after ${this.reader.bufferedBytes} bytes for frameTimeoutMs (${frameTimeoutMs} ms)`;
      this.destroy(overLimit('frameTimeoutMs', new TimeoutError(text)));
    });
  }

  private clearFrameTimer(): void {
    this.hasStalled = false;
    this.frameSince = 0;
    if (this.frameTimer === undefined) return;
    clearTimeout(this.frameTimer);
    this.frameTimer = undefined;
  }
}
