import type { Duplex } from 'node:stream';
import { copyId } from '../calls/correlation-id.js';
import { NO_ANNOTATIONS } from '../protocol/annotations.js';
import { CORRELATION_ID_AT, FLAGS, HEADER_BYTES } from '../protocol/constants.js';
import { writeHeader } from '../protocol/header.js';
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
import type { ByteWriter } from '../serpent/byte-writer.js';
import type { ConnectionGroup } from './connection-group.js';
import type { SendBufferUser } from './send-buffer.js';

export interface SenderOptions {
  /** Largest message either way, in bytes. */
  maxMessageBytes: number;
  /** Is called with every message. */
  wireLog?: WireLog;
}

/** With more unsent bytes a connection is congested. A single message may be larger. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** With more bytes in the send buffer, they are written before the end of the turn. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/** The sending half of a connection: all small messages of one turn of the event loop leave in one write. */
export abstract class MessageSender implements SendBufferUser {
  private congested = false;
  /** True when a flush will follow in this turn of the event loop. */
  private flushing = false;

  constructor(
    readonly socket: Duplex,
    protected readonly options: SenderOptions,
    protected readonly group: ConnectionGroup,
  ) {}

  abstract readonly isOpen: boolean;
  /** Name of the peer in the wire log. */
  protected abstract readonly peerName: string;
  /** Called when {@link isCongested} has changed. */
  protected abstract onCongestion(): void;

  /** True while too many bytes are unsent: nothing is read, and the owner should send no more. */
  get isCongested(): boolean {
    return this.congested;
  }

  /**
   * Sends one message. All small messages of one turn of the event loop leave in one write.
   *
   * @returns false when the connection is closed and the message is dropped
   * @throws {MessageTooLargeError} before anything is written
   */
  send(message: OutgoingMessage): boolean {
    const annotationsBytes = measureMessage(message, this.options.maxMessageBytes);
    if (!this.canWrite) return false;
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
    if (!this.canWrite || this.options.wireLog !== undefined) return undefined;
    const out = this.group.sendBuffer.begin(this);
    out?.skip(HEADER_BYTES);
    return out;
  }

  /**
   * Sends the message that {@link beginMessage} started. It has no annotations, and at most `maxMessageBytes`.
   *
   * @param isLast true: the message leaves now. No other message follows in this turn of the event loop
   */
  sendWritten(out: ByteWriter, type: number, flags: number, to: ReplyAddress, isLast = false): void {
    const { sendBuffer } = this.group;
    const { start } = sendBuffer;
    const { buffer } = out;
    writeHeader(buffer, start, type, flags | FLAGS.correlationId, to, out.size - start - HEADER_BYTES, 0);
    copyId(to.idBlock, to.idAt, buffer, start + CORRELATION_ID_AT);
    sendBuffer.end();
    this.sent(isLast);
  }

  /** Forgets the message that {@link beginMessage} started. @returns its data */
  dropWritten(out: ByteWriter): Buffer {
    const { sendBuffer } = this.group;
    const data = Buffer.from(out.written(sendBuffer.start + HEADER_BYTES));
    sendBuffer.drop();
    return data;
  }

  /** A message was sent: sees to it that it leaves, and that the connection is congested when its peer does not read. */
  private sent(isLast = false): void {
    const { socket } = this;
    if (isLast) {
      this.writeBuffered();
    } else if (!this.flushing) {
      this.flushing = true;
      process.nextTick(flushLater, this);
    } else if (this.group.sendBuffer.size > MAX_BUFFERED_BYTES) {
      this.writeBuffered();
    }
    if (socket.writableLength > MAX_UNSENT_BYTES && !this.congested) {
      this.congested = true;
      socket.once('drain', () => {
        this.congested = false;
        this.onCongestion();
      });
      this.onCongestion();
    }
  }

  /** Lets messages wait until {@link flush} is called. */
  protected collect(): void {
    this.flushing = true;
  }

  /** Writes the messages that wait. */
  flush(): void {
    this.flushing = false;
    this.writeBuffered();
  }

  protected writeBuffered(): void {
    const { sendBuffer } = this.group;
    if (!sendBuffer.isUsedBy(this)) return;
    if (this.socket.writable) sendBuffer.writeTo(this.socket);
    else sendBuffer.clear();
  }

  private get canWrite(): boolean {
    return this.isOpen && this.socket.writable;
  }

  /** An error of the user's log is a warning and does not end the connection. */
  protected log(
    direction: WireMessage['direction'],
    { type, flags, seq, serializerId, annotations = NO_ANNOTATIONS, data }: OutgoingMessage,
  ): void {
    const { wireLog } = this.options;
    const peer = this.peerName;
    try {
      wireLog!({ direction, peer, type, flags, seq, serializerId, annotations, data });
    } catch (error) {
      process.emitWarning(asError(error));
    }
  }
}

function flushLater(sender: MessageSender): void {
  sender.flush();
}
