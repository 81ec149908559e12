import type { Duplex } from 'node:stream';
import type { AnnotationLimits } from '../protocol/messages/annotations.js';
import { ConnectionClosedError, TimeoutError } from '../protocol/errors.js';
import { type Frame, FrameReader } from '../protocol/messages/frame-reader.js';
import { sizeLimit } from '../protocol/messages/header.js';
import { overLimit } from '../protocol/over-limit.js';
import { asError } from '../protocol/safe-text.js';
import type { ConnectionGroup } from './connection-group.js';
import { lookBeforeCut } from '../calls/event-loop-look.js';
import type { FrameConnectionHandler } from './frame-connection-handler.js';
import { MessageSender, type SenderOptions } from './message-sender.js';
import { readInPlace } from './sockets/shared-reads.js';
import { listen, type SocketOwner } from './sockets/socket-events.js';
import type { TurnTaker } from './turns.js';
import { MIN_COUNTED_BYTES, type Sender } from './unserved-bytes.js';

export interface FrameConnectionOptions extends SenderOptions, AnnotationLimits {
  /** Largest message before {@link FrameConnection.accept}; the smaller limit holds. */
  maxHandshakeBytes?: number;
  /** Limit of all messages that arrive at the same time, and so of each message. */
  maxUnservedBytes?: number;
  /** The connection fails when no byte of an unfinished frame arrives in this time; 0: never. */
  frameTimeoutMs: number;
  /** The connection fails when one frame takes longer in all; 0: never. */
  messageTimeoutMs?: number;
}

/** An ended connection is destroyed after this time if its last bytes cannot be delivered. */
const LINGER_MS = 2_000;

/**
 * Frames over a byte stream (TCP, TLS, unix socket, in-memory pair).
 *
 * Reading stops while the owner holds the connection ({@link hold}), while the peer does not read, or while there is no room for a large
 * message. So a slow peer cannot make the buffers grow.
 */
export class FrameConnection extends MessageSender implements TurnTaker, SocketOwner, Sender {
  private readonly reader: FrameReader;
  private frameTimer: NodeJS.Timeout | undefined;
  /** `performance.now()` when the unfinished frame began; 0: there is none. */
  private frameSince = 0;
  /** The frame has stalled; set until bytes arrive. */
  private hasStalled = false;
  private state: 'open' | 'ending' | 'closed' = 'open';
  private held = false;
  /** Large frames need room under the limit of all connections. `waits`: the socket is not read until there is room. */
  private room: 'none' | 'waits' | 'given' = 'none';
  /** True when bytes have arrived that are not served yet. */
  private waitsForTurn = false;
  private closeError: Error | undefined;

  /**
   * @param options shared by many connections
   * @param acceptedTypes message types that are accepted before {@link accept} is called
   * @param group the connections that take turns with this one and share its send buffer
   */
  constructor(
    socket: Duplex,
    protected override readonly options: FrameConnectionOptions,
    private readonly handler: FrameConnectionHandler,
    acceptedTypes: readonly number[],
    group: ConnectionGroup,
  ) {
    super(socket, options, group);
    const { maxMessageBytes, maxHandshakeBytes, maxUnservedBytes } = options;
    const limit = sizeLimit(maxMessageBytes, maxHandshakeBytes, maxUnservedBytes);
    this.reader = new FrameReader(limit, acceptedTypes, options, group.blocks);
    listen(socket, this);
  }

  /** True while a part of a frame has arrived. */
  get isReceiving(): boolean {
    return !this.reader.idle;
  }

  /** True while a part of a large frame has arrived. */
  get isReceivingLarge(): boolean {
    return this.reader.announcedBytes > MIN_COUNTED_BYTES;
  }

  get arrivedBytes(): number {
    return this.reader.bufferedBytes;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  protected get peerName(): string {
    return this.handler.peerName;
  }

  /** Sets the message types that are accepted from now on. From now on messages may have up to `maxMessageBytes`. */
  accept(types: readonly number[]): void {
    this.reader.acceptedTypes = types;
    this.reader.limit = sizeLimit(this.options.maxMessageBytes, undefined, this.options.maxUnservedBytes);
  }

  /**
   * The next complete frame; undefined when there is none.
   *
   * @throws {ProtocolError} when the bytes are no Pyro message; the owner may answer before {@link destroy}
   */
  next(): Frame | undefined {
    const frame = this.reader.next();
    if (frame) this.frameSince = 0;
    if (frame && this.room !== 'none') this.leaveRoom();
    if (frame && this.options.wireLog) {
      frame.keep();
      this.log('received', { ...frame.header, annotations: frame.annotations, data: frame.data });
    }
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

  /** Sends the messages that wait, then closes. @param error why, for {@link FrameConnectionHandler.onClosed} */
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

  get copiesData(): boolean {
    return this.reader.fillsLarge;
  }

  get nextBytes(): Buffer | undefined {
    return this.state === 'open' ? this.reader.room : undefined;
  }

  /** Called by the socket. */
  onData(chunk: Buffer): void {
    if (this.state !== 'open') return;
    this.reader.push(chunk);
    // the middle of a large message cannot be served
    if (this.reader.isFilling) {
      if (this.copiesData) readInPlace(this.socket);
      return this.watchFrame();
    }
    if (this.waitsForTurn) return this.group.turns.received(chunk.length);
    this.waitsForTurn = true;
    this.group.turns.wait(this, chunk.length);
  }

  takeTurn(): void {
    if (!this.waitsForTurn) return;
    this.waitsForTurn = false;
    if (this.state !== 'open') return;
    this.collect();
    this.handler.onReady();
    this.flush();
    this.watchFrame();
  }

  turnFailed(error: unknown): void {
    this.destroy(asError(error));
  }

  /** Called by the socket. */
  onError(error: Error): void {
    // not every error closes the socket: too many TLS renegotiations do not
    this.destroy(error);
  }

  /** Called by the socket. */
  onEnd(): void {
    this.takeTurn();
    if (this.state === 'open' && !this.reader.idle) {
      this.closeError ??= new ConnectionClosedError('connection ended in the middle of a message');
    }
  }

  /** Called by the socket. */
  onClose(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.group.turns.leave(this);
    this.writeBuffered();
    this.clearFrameTimer();
    this.group.unsent?.forget(this);
    this.leaveRoom();
    this.handler.onClosed(this.closeError);
  }

  protected onCongestion(): void {
    this.flow();
    if (this.isCongested) return;
    if (this.state === 'open') this.handler.onReady();
  }

  private flow(): void {
    if (this.state !== 'open') return;
    if (this.held || this.isCongested || this.room === 'waits') this.socket.pause();
    else this.socket.resume();
    this.watchFrame();
  }

  /** Called by the daemon's limit. */
  onRoom(): void {
    this.room = 'given';
    this.flow();
  }

  /** @returns false when the unfinished frame waits for room */
  private hasRoom(): boolean {
    if (this.room === 'none' && this.isReceivingLarge && this.group.unserved !== undefined) {
      this.room = this.group.unserved.enter(this, this.reader.announcedBytes) ? 'given' : 'waits';
      if (this.room === 'waits') this.socket.pause();
    }
    return this.room !== 'waits';
  }

  private leaveRoom(): void {
    if (this.room === 'none') return;
    this.room = 'none';
    this.group.unserved!.leave(this);
  }

  /** The timer runs only while a frame is unfinished and the socket is read. */
  private watchFrame(): void {
    this.hasStalled = false;
    if (this.state !== 'open' || this.reader.idle || this.held || this.isCongested || !this.hasRoom()) {
      this.clearFrameTimer();
      return;
    }
    const { frameTimeoutMs, messageTimeoutMs = 0 } = this.options;
    const pauseMs = frameTimeoutMs || messageTimeoutMs;
    if (pauseMs === 0) return;
    if (this.frameTimer) {
      this.frameTimer.refresh();
    } else {
      this.frameTimer = setTimeout(() => this.onStalled(), pauseMs);
      this.frameTimer.unref();
    }
    this.watchMessage();
  }

  /** Cuts frames that arrive too slowly in all: a frame of which a byte arrives now and then never stalls. */
  private watchMessage(): void {
    const { messageTimeoutMs = 0 } = this.options;
    if (this.frameSince === 0) this.frameSince = performance.now();
    if (messageTimeoutMs === 0 || performance.now() - this.frameSince <= messageTimeoutMs) return;
    const since = this.frameSince;
    lookBeforeCut(() => {
      if (this.frameSince === since) this.cutSlow();
    });
  }

  private cutSlow(): void {
    const text = `a message took longer than messageTimeoutMs (${this.options.messageTimeoutMs} ms); ${this.reader.bufferedBytes} bytes of it have arrived`;
    this.destroy(overLimit('messageTimeoutMs', new TimeoutError(text)));
  }

  private onStalled(): void {
    this.hasStalled = true;
    lookBeforeCut(() => {
      if (!this.hasStalled || this.waitsForTurn) return;
      const { frameTimeoutMs } = this.options;
      if (frameTimeoutMs === 0) return this.cutSlow();
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
