import type { OutgoingMessage, ReplyAddress } from '../../protocol/messages/message.js';
import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import type { FrameConnection } from '../../transport/frame-connection.js';
import type { ServingSession } from './serving-session.js';

/** The part of a reply channel that sends messages, and ends the connection. */
export abstract class SessionReplies {
  constructor(
    protected readonly session: ServingSession,
    protected readonly frames: FrameConnection,
  ) {}

  send(message: OutgoingMessage): void {
    this.frames.send(message);
  }

  beginMessage(): ByteWriter | undefined {
    return this.frames.beginMessage();
  }

  sendWritten(out: ByteWriter, type: number, flags: number, to: ReplyAddress): void {
    this.frames.sendWritten(out, type, flags, to);
  }

  dropWritten(out: ByteWriter): Buffer {
    return this.frames.dropWritten(out);
  }

  close(): void {
    this.session.close();
  }

  destroy(): void {
    this.session.destroy();
  }
}
