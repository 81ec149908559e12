import type { Duplex } from 'node:stream';
import { copyId } from '../calls/correlation-id.js';
import { NO_ANNOTATIONS, writeAnnotations } from '../protocol/messages/annotations.js';
import { CORRELATION_ID_AT, FLAGS, HEADER_BYTES } from '../protocol/constants.js';
import { messageTooLarge, sizeLimit, writeHeader } from '../protocol/messages/header.js';
import {
  appendMessage,
  encodeHead,
  isSmall,
  measureMessage,
  type OutgoingMessage,
  type ReplyAddress,
  type WireLog,
  type WireMessage,
} from '../protocol/messages/message.js';
import { warnIfItFails } from '../reports/warning.js';
import type { ByteWriter } from '../serpent/writing/byte-writer.js';
import type { ConnectionGroup } from './connection-group.js';
import { LingeringClose } from './lingering-close.js';
import type { SendBufferUser } from './send-buffer.js';
import type { UnreadConnection } from './unsent-bytes.js';

export interface SenderOptions {
  /** Largest message either way, in bytes. */
  maxMessageBytes: number;
  /** Called with every message. */
  wireLog?: WireLog;
}

/** A connection with more unsent bytes is congested. A single message may be larger. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** If the send buffer has more bytes, they are written before the end of the turn. */
const MAX_BUFFERED_BYTES = 64 * 1024;

/** The sending half of a connection: all small messages of one turn of the event loop leave in one write. */
export abstract class MessageSender implements SendBufferUser, UnreadConnection {
  private congested = false;
  /** True when a flush will follow in this turn of the event loop. */
  private flushing = false;
  /** Made when the last bytes of the connection are waited for. */
  private lastBytes: LingeringClose | undefined;

  constructor(
    readonly socket: Duplex,
    protected readonly options: SenderOptions,
    protected readonly group: ConnectionGroup,
  ) {}

  abstract readonly isOpen: boolean;
  /** Closes at once. */
  abstract destroy(error?: Error): void;
  /** Name of the peer in the wire log. */
  protected abstract readonly peerName: string;
  /** Called when {@link isCongested} has changed. */
  protected abstract onCongestion(): void;

  /** Bytes that wait for the peer to read them. */
  get unsentBytes(): number {
    return this.socket.writableLength;
  }

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
      this.noteUnsent();
    }
    if (this.options.wireLog) this.log('sent', message);
    this.sent();
    return true;
  }

  /**
   * Starts a message whose data the caller appends to the writer. {@link sendWritten} or {@link dropWritten} must follow.
   *
   * @param annotationsBytes room for annotations
   * @returns undefined when the message has to be sent with {@link send}
   */
  beginMessage(annotationsBytes = 0): ByteWriter | undefined {
    if (!this.canWrite || this.options.wireLog !== undefined) return undefined;
    const out = this.group.sendBuffer.begin(this);
    out?.skip(HEADER_BYTES + annotationsBytes);
    return out;
  }

  /**
   * Sends the message that {@link beginMessage} started. Its data has at most `maxMessageBytes`.
   *
   * @param isLast true: the message leaves now. No other message follows in this turn of the event loop
   * @param annotationsBytes as given to {@link beginMessage}, and as `measureAnnotations` gives it for `annotations`
   * @throws {MessageTooLargeError} when annotations and data together are over `maxMessageBytes`; the message is dropped
   */
  sendWritten(
    out: ByteWriter,
    type: number,
    flags: number,
    to: ReplyAddress,
    isLast = false,
    annotationsBytes = 0,
    annotations = NO_ANNOTATIONS,
  ): void {
    const { sendBuffer } = this.group;
    const { start } = sendBuffer;
    const { buffer } = out;
    const dataBytes = out.size - start - HEADER_BYTES - annotationsBytes;
    const { maxMessageBytes } = this.options;
    if (annotationsBytes > 0 && dataBytes + annotationsBytes > maxMessageBytes) {
      sendBuffer.drop();
      throw messageTooLarge(dataBytes + annotationsBytes, sizeLimit(maxMessageBytes));
    }
    writeHeader(buffer, start, type, flags | FLAGS.correlationId, to, dataBytes, annotationsBytes);
    copyId(to.idBlock, to.idAt, buffer, start + CORRELATION_ID_AT);
    if (annotationsBytes > 0) writeAnnotations(buffer, start + HEADER_BYTES, annotations);
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

  /** Called after a message was sent. Starts the write, and notes congestion when the peer does not read. */
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

  /** Sends the messages that wait. @returns see {@link LingeringClose.whenSent} */
  whenSent(): Promise<boolean> {
    this.flush();
    return this.lingeringClose.whenSent();
  }

  protected get lingeringClose(): LingeringClose {
    return (this.lastBytes ??= new LingeringClose(this.socket));
  }

  protected writeBuffered(): void {
    const { sendBuffer } = this.group;
    if (!sendBuffer.isUsedBy(this)) return;
    if (this.socket.writable) sendBuffer.writeTo(this.socket);
    else sendBuffer.clear();
    this.noteUnsent();
  }

  private noteUnsent(): void {
    if (this.socket.writableLength > 0) this.group.unsent?.note(this);
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
    warnIfItFails(() => wireLog!({ direction, peer, type, flags, seq, serializerId, annotations, data }));
  }
}

function flushLater(sender: MessageSender): void {
  sender.flush();
}
