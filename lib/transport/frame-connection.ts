import type { Duplex } from 'node:stream';
import type { AnnotationLimits } from '../protocol/messages/annotations.js';
import { ConnectionClosedError } from '../protocol/errors.js';
import { type Frame, FrameReader } from '../protocol/messages/frame-reader.js';
import { sizeLimit } from '../protocol/messages/header.js';
import { asError } from '../protocol/texts/safe-text.js';
import type { ConnectionGroup } from './connection-group.js';
import type { FrameConnectionHandler } from './frame-connection-handler.js';
import { type FrameTimeouts, FrameTimer } from './frame-timer.js';
import { MessageSender, type SenderOptions } from './message-sender.js';
import { ReadAhead } from './read-ahead.js';
import { readInPlace } from './sockets/shared-reads.js';
import { listen, type SocketOwner } from './sockets/socket-events.js';
import type { StoppedConnection } from './stopped-sockets.js';
import type { TurnTaker } from './turns.js';
import { MIN_COUNTED_BYTES, type Sender } from './unserved-bytes.js';

export interface FrameConnectionOptions extends SenderOptions, AnnotationLimits, FrameTimeouts {
  /** Largest message before {@link FrameConnection.accept}; the smaller limit holds. */
  maxHandshakeBytes?: number;
  /** Limit of all messages that arrive at the same time, and so of each message. */
  maxUnservedBytes?: number;
}

/**
 * Frames over a byte stream (TCP, TLS, unix socket, in-memory pair).
 *
 * Reading stops while the peer does not read, or while there is no room for a large message. While the owner holds the connection
 * ({@link hold}), only some bytes are read, see {@link ReadAhead}. So a slow peer cannot make the buffers grow.
 */
export class FrameConnection extends MessageSender implements TurnTaker, SocketOwner, Sender, StoppedConnection {
  private readonly reader: FrameReader;
  /** Made for the first frame that does not arrive at once. */
  private timer: FrameTimer | undefined;
  private state: 'open' | 'ending' | 'closed' = 'open';
  private held = false;
  /** True after {@link accept}. */
  private isAccepted = false;
  /** Bytes that follow those of the reader. Undefined: there are none. */
  private ahead: ReadAhead | undefined;
  /** Large frames need room under the limit of all connections. `waits`: the socket is not read until there is room. */
  private room: 'none' | 'waits' | 'given' = 'none';
  /** True when bytes have arrived that are not served yet. */
  waitsForTurn = false;
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
    return !this.reader.idle || this.ahead !== undefined;
  }

  /** True while a part of a large frame has arrived. */
  get isReceivingLarge(): boolean {
    return this.reader.announcedBytes > MIN_COUNTED_BYTES;
  }

  get arrivedBytes(): number {
    return this.reader.bufferedBytes;
  }

  /** All bytes that have arrived and are in no frame that was taken. */
  get progress(): number {
    return this.reader.bufferedBytes + (this.ahead?.bytes ?? 0);
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
    this.isAccepted = true;
  }

  /**
   * The next complete frame; undefined when there is none.
   *
   * @throws {ProtocolError} when the bytes are no Pyro message; the owner may answer before {@link destroy}
   */
  next(): Frame | undefined {
    const frame = this.reader.next() ?? (this.ahead === undefined ? undefined : this.nextAhead(this.ahead));
    if (frame) this.timer?.frameEnded();
    if (frame && this.room !== 'none') this.leaveRoom();
    if (frame && this.options.wireLog) {
      frame.keep();
      this.log('received', { ...frame.header, annotations: frame.annotations, data: frame.data });
    }
    return frame;
  }

  /** Takes a frame of the bytes that were read ahead. A large frame has to wait for room first. */
  private nextAhead(ahead: ReadAhead): Frame | undefined {
    const { reader } = this;
    while (!this.isReceivingLarge || this.canFill(ahead)) {
      const bytes = ahead.shift();
      if (bytes === undefined) {
        this.ahead = undefined;
        // reading may have stopped because too many bytes were read ahead
        if (!this.held) this.flow();
        return undefined;
      }
      reader.push(bytes);
      const frame = reader.next();
      if (frame !== undefined) return frame;
    }
    return undefined;
  }

  /** True when the rest of a large frame may be taken. Once the socket is closed, no frame needs room: it is complete, or it is dropped. */
  private canFill(ahead: ReadAhead): boolean {
    if (this.room === 'given' || this.group.unserved === undefined) return true;
    if (this.state !== 'closed') return false;
    const isComplete = this.reader.bufferedBytes + ahead.bytes >= this.reader.announcedBytes;
    if (!isComplete) this.dropUnserved();
    return isComplete;
  }

  /** Drops the bytes that were read ahead. */
  dropUnserved(): void {
    this.ahead?.clear();
    this.ahead = undefined;
  }

  /** Serves nothing until {@link release}. Before {@link accept} nothing is read either. */
  hold(): void {
    this.held = true;
    this.flow();
  }

  release(): void {
    if (!this.held) return;
    this.held = false;
    this.flow();
    this.readOn();
  }

  /** Sends the messages that wait, then closes. @param error why, for {@link FrameConnectionHandler.onClosed} */
  end(error?: Error): void {
    if (this.state !== 'open') return;
    this.closeError ??= error;
    this.flush();
    this.state = 'ending';
    this.timer?.stop();
    this.lingeringClose.begin();
    // The bytes that the peer still sends are read and dropped: TCP resets a connection that is closed with unread bytes, and the last
    // messages would be lost.
    this.startReading();
  }

  /** Sends the messages that wait, then closes without waiting for the peer. @param longestMs longest time until the socket is closed */
  endSoon(longestMs?: number): void {
    if (this.state === 'open') {
      this.end();
      this.socket.once('finish', () => this.socket.destroy());
    }
    if (longestMs !== undefined && this.state === 'ending') this.lingeringClose.endWithin(longestMs);
  }

  /** Closes at once. */
  destroy(error?: Error): void {
    this.closeError ??= error;
    if (this.state === 'open') this.state = 'ending';
    this.timer?.stop();
    this.socket.destroy();
  }

  get copiesData(): boolean {
    return this.readsAhead || this.reader.fillsLarge;
  }

  get nextBytes(): Buffer | undefined {
    return this.state === 'open' && !this.readsAhead ? this.reader.room : undefined;
  }

  private get readsAhead(): boolean {
    return this.held || this.ahead !== undefined;
  }

  /** Called by the socket. */
  onData(chunk: Buffer): void {
    if (this.state !== 'open') return;
    if (this.readsAhead) return this.readAhead(chunk);
    this.reader.push(chunk);
    // the middle of a large message cannot be served
    if (this.reader.isFilling) {
      if (this.copiesData) readInPlace(this.socket);
      return this.awaitRest();
    }
    if (this.waitsForTurn) return this.group.turns.received(chunk.length);
    this.waitsForTurn = true;
    this.group.turns.wait(this, chunk.length);
  }

  private readAhead(chunk: Buffer): void {
    this.ahead ??= new ReadAhead(this.group.unserved);
    this.ahead.push(chunk);
    if (this.ahead.isFull) this.flow();
  }

  /** The bytes that were read ahead are served in a later turn, if they may be. */
  private readOn(): void {
    if (this.ahead === undefined || this.waitsForTurn || this.held || this.room === 'waits') return;
    this.waitsForTurn = true;
    this.group.turns.delay(this);
  }

  takeTurn(): void {
    if (!this.waitsForTurn) return;
    this.waitsForTurn = false;
    if (this.state !== 'open') return;
    this.collect();
    this.handler.onReady();
    this.flush();
    this.awaitRest();
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
    // a connection that is held has unread bytes, which may be complete messages
    if (this.state === 'open' && !this.readsAhead && !this.reader.idle) {
      this.closeError ??= new ConnectionClosedError('connection ended in the middle of a message');
    }
  }

  /** Called by the socket. */
  onClose(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.group.turns.leave(this);
    this.group.stopped.delete(this);
    this.writeBuffered();
    this.timer?.stop();
    this.group.unsent?.forget(this);
    this.leaveRoom();
    this.handler.onClosed(this.closeError);
  }

  protected onCongestion(): void {
    this.flow();
    if (this.isCongested) return;
    if (this.state === 'open') this.handler.onReady();
  }

  flow(): void {
    if (this.state !== 'open') return;
    if (this.isCongested || this.room === 'waits' || this.isFull) this.stopReading();
    else this.startReading();
    this.awaitRest();
  }

  /** True when nothing more may be read ahead. */
  private get isFull(): boolean {
    if (this.held && (!this.isAccepted || this.group.unserved?.isQueueFull)) return true;
    return this.ahead?.isFull === true;
  }

  private stopReading(): void {
    this.socket.pause();
    this.group.stopped.add(this);
  }

  private startReading(): void {
    this.group.stopped.delete(this);
    this.socket.resume();
  }

  /** Called by the daemon's limit. */
  onRoom(): void {
    this.room = 'given';
    this.flow();
    this.readOn();
  }

  /** A large frame asks for room. Without room, it waits. */
  private askForRoom(): void {
    if (this.room !== 'none' || !this.isReceivingLarge || this.group.unserved === undefined) return;
    if (this.group.unserved.enter(this, this.reader.announcedBytes)) {
      this.room = 'given';
      // no more bytes may come that would start a turn
      this.readOn();
    } else {
      this.room = 'waits';
      this.stopReading();
    }
  }

  private leaveRoom(): void {
    if (this.room === 'none') return;
    this.room = 'none';
    this.group.unserved!.leave(this);
  }

  /** A frame is unfinished, or none is. A large one needs room. The timer runs only while a frame is unfinished and the socket is read. */
  private awaitRest(): void {
    if (this.state !== 'open' || this.reader.idle || this.held || this.isCongested) return this.timer?.stop();
    this.askForRoom();
    if (this.room === 'waits') this.timer?.stop();
    else (this.timer ??= new FrameTimer(this, this.options)).restart();
  }
}
