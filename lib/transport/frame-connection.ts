import type { Duplex } from 'node:stream';
import type { ByteWriter } from '../serpent/byte-writer.js';
import { copyId } from '../calls/correlation-id.js';
import { type AnnotationLimits, NO_ANNOTATIONS } from '../protocol/annotations.js';
import { CORRELATION_ID_AT, FLAGS, HEADER_BYTES } from '../protocol/constants.js';
import { ConnectionClosedError, TimeoutError } from '../protocol/errors.js';
import { type Frame, FrameReader } from '../protocol/frame-reader.js';
import { sizeLimit, writeHeader } from '../protocol/header.js';
import {
  appendMessage,
  encodeHead,
  isSmall,
  measureMessage,
  type OutgoingMessage,
  type ReplyAddress,
  type WireLog,
  type WireMessage,
} from '../protocol/message.js';
import { asError } from '../protocol/safe-text.js';
import type { ConnectionGroup } from './connection-group.js';
import type { SendBufferUser } from './send-buffer.js';
import { listen, type SocketOwner } from './socket-events.js';
import type { TurnTaker } from './turns.js';

export interface FrameConnectionOptions extends AnnotationLimits {
  /** Largest message either way, in bytes. */
  maxMessageBytes: number;
  /** Largest message before {@link FrameConnection.accept}; the smaller limit holds. */
  maxHandshakeBytes?: number;
  /** The connection fails when an unfinished frame gets no more bytes for so long; 0: never. */
  frameTimeoutMs: number;
  /** Is called with every message. */
  wireLog?: WireLog;
}

/** The owner of a connection. */
export interface FrameConnectionHandler {
  /** Name of the peer in the wire log. */
  readonly peerName: string;
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

/** With more bytes in the send buffer, they are written before the end of the turn. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/**
 * Frames over a byte stream (TCP, TLS, unix socket, in-memory pair).
 *
 * Reading stops while the owner holds the connection ({@link hold}), or while the peer does not read. So a slow peer cannot make
 * the buffers grow.
 */
export class FrameConnection implements TurnTaker, SendBufferUser, SocketOwner {
  private readonly reader: FrameReader;
  private frameTimer: NodeJS.Timeout | undefined;
  private state: 'open' | 'ending' | 'closed' = 'open';
  private held = false;
  private congested = false;
  /** True when bytes have arrived that are not served yet. */
  private waitsForTurn = false;
  /** True when a flush will follow in this turn of the event loop. */
  private flushing = false;
  private closeError: Error | undefined;

  /**
   * @param options are shared by many connections
   * @param acceptedTypes message types that are accepted before {@link accept} is called
   * @param group the connections that take turns with this one and share its send buffer
   */
  constructor(
    readonly socket: Duplex,
    private readonly options: FrameConnectionOptions,
    private readonly handler: FrameConnectionHandler,
    acceptedTypes: readonly number[],
    private readonly group: ConnectionGroup,
  ) {
    const { maxMessageBytes, maxHandshakeBytes } = options;
    this.reader = new FrameReader(sizeLimit(maxMessageBytes, maxHandshakeBytes), acceptedTypes, options);
    listen(socket, this);
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
   * Sends one message. All small messages of one turn of the event loop leave in one write.
   *
   * @returns false when the connection is closed and the message is dropped
   * @throws {MessageTooLargeError} before anything is written
   */
  send(message: OutgoingMessage): boolean {
    const annotationsBytes = measureMessage(message, this.options.maxMessageBytes);
    if (!this.isWritable) return false;
    const out = isSmall(message) ? this.group.sendBuffer.begin(this) : undefined;
    if (out !== undefined) {
      appendMessage(out, message, annotationsBytes);
      this.group.sendBuffer.end();
    } else {
      this.flush();
      const { socket } = this;
      socket.cork();
      socket.write(encodeHead(message, annotationsBytes));
      socket.write(message.data);
      socket.uncork();
    }
    if (this.options.wireLog) this.log('sent', message);
    this.sent();
    return true;
  }

  /**
   * Starts a message whose data the caller appends to the writer. {@link sendWritten} or {@link dropWritten} must follow.
   *
   * @returns undefined when the message has to be sent with {@link send}
   */
  beginMessage(): ByteWriter | undefined {
    if (!this.isWritable || this.options.wireLog !== undefined) return undefined;
    const out = this.group.sendBuffer.begin(this);
    out?.skip(HEADER_BYTES);
    return out;
  }

  /** Sends the message that {@link beginMessage} started. It has no annotations, and at most `maxMessageBytes`. */
  sendWritten(out: ByteWriter, type: number, flags: number, to: ReplyAddress): void {
    const { sendBuffer } = this.group;
    const { start } = sendBuffer;
    const { buffer } = out;
    writeHeader(buffer, start, type, flags | FLAGS.correlationId, to, out.size - start - HEADER_BYTES, 0);
    copyId(to.idBlock, to.idAt, buffer, start + CORRELATION_ID_AT);
    sendBuffer.end();
    this.sent();
  }

  /** Forgets the message that {@link beginMessage} started. @returns its data */
  dropWritten(out: ByteWriter): Buffer {
    const { sendBuffer } = this.group;
    const data = Buffer.from(out.written(sendBuffer.start + HEADER_BYTES));
    sendBuffer.drop();
    return data;
  }

  /** Sends the messages that wait, then closes. */
  end(): void {
    if (this.state !== 'open') return;
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

  /** Sends the messages that wait, then closes without waiting for the peer. */
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
    const { wireLog } = this.options;
    const peer = this.handler.peerName;
    try {
      wireLog!({ direction, peer, type, flags, seq, serializerId, annotations, data });
    } catch (error) {
      process.emitWarning(asError(error));
    }
  }

  /** @internal called by the socket */
  onData(chunk: Buffer): void {
    if (this.state !== 'open') return;
    this.reader.push(chunk);
    if (this.waitsForTurn) return this.group.turns.received(chunk.length);
    this.waitsForTurn = true;
    this.group.turns.wait(this, chunk.length);
  }

  takeTurn(): void {
    if (!this.waitsForTurn) return;
    this.waitsForTurn = false;
    if (this.state !== 'open') return;
    const { flushing } = this;
    this.flushing = true;
    this.handler.onReady();
    if (!flushing) this.flush();
    this.watchFrame();
  }

  turnFailed(error: unknown): void {
    this.destroy(asError(error));
  }

  private get isWritable(): boolean {
    return this.state === 'open' && this.socket.writable;
  }

  /** A message was sent: sees to it that it leaves, and that the connection is congested when its peer does not read. */
  private sent(): void {
    const { socket } = this;
    if (!this.flushing) {
      this.flushing = true;
      process.nextTick(flushLater, this);
    } else if (this.group.sendBuffer.size > MAX_BUFFERED_BYTES) {
      this.writeBuffered();
    }
    if (socket.writableLength > MAX_UNSENT_BYTES && !this.congested) {
      this.congested = true;
      this.flow();
    }
  }

  /** Writes the messages that wait. */
  flush(): void {
    this.flushing = false;
    this.writeBuffered();
  }

  private writeBuffered(): void {
    const { sendBuffer } = this.group;
    if (!sendBuffer.isUsedBy(this)) return;
    if (this.socket.writable) sendBuffer.writeTo(this.socket);
    else sendBuffer.clear();
  }

  /** @internal called by the socket */
  onError(error: Error): void {
    this.closeError ??= error;
  }

  /** @internal called by the socket */
  onEnd(): void {
    this.takeTurn();
    if (this.state === 'open' && !this.reader.idle) {
      this.closeError ??= new ConnectionClosedError('connection ended in the middle of a message');
    }
  }

  /** @internal called by the socket */
  onClose(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.group.turns.leave(this);
    this.writeBuffered();
    this.clearFrameTimer();
    this.handler.onClosed(this.closeError);
  }

  /** @internal called by the socket */
  onDrain(): void {
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
    if (this.state !== 'open' || this.reader.idle || this.held || this.congested) {
      this.clearFrameTimer();
    } else if (this.frameTimer) {
      this.frameTimer.refresh();
    } else {
      this.frameTimer = setTimeout(() => this.onStalled(), frameTimeoutMs);
      this.frameTimer.unref();
    }
  }

  private onStalled(): void {
    const { frameTimeoutMs } = this.options;
    const bytes = this.reader.bufferedBytes;
    this.destroy(new TimeoutError(`a message stalled after ${bytes} bytes for frameTimeoutMs (${frameTimeoutMs} ms)`));
  }

  private clearFrameTimer(): void {
    if (this.frameTimer === undefined) return;
    clearTimeout(this.frameTimer);
    this.frameTimer = undefined;
  }
}

function flushLater(connection: FrameConnection): void {
  connection.flush();
}
