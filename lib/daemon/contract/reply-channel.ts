import type { OutgoingMessage } from '../../protocol/message.js';

/** The part of a session that a request needs to answer. */
export interface ReplyChannel {
  /** Sends one message. A message for a connection that has ended is dropped. */
  send(message: OutgoingMessage): void;
  /** Ends the connection after the messages that were sent. Waiting requests are dropped. */
  close(): void;
  /** Cuts the connection at once. */
  destroy(): void;
  /** Lets `work` run while the next requests are served. The work counts as a queued request until it ends. */
  runInBackground(work: Promise<void>): void;
}
