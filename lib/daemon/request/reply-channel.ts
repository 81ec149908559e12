import type { OutgoingMessage, ReplyAddress } from '../../protocol/messages/message.js';
import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import type { SessionConnection } from '../connection/session-connection.js';
import type { RunningRequest } from '../contract/running-request.js';

/** The part of a session that a request needs to answer. */
export interface ReplyChannel {
  readonly connection: SessionConnection;
  /** Sends one message. A message for a connection that has ended is dropped. */
  send(message: OutgoingMessage): void;
  /**
   * Starts a reply whose data is appended to the writer. {@link sendWritten} or {@link dropWritten} must follow.
   *
   * @returns undefined when the reply has to be sent with {@link send}
   */
  beginMessage(): ByteWriter | undefined;
  /** Sends the reply that {@link beginMessage} started. It has no annotations. */
  sendWritten(out: ByteWriter, type: number, flags: number, to: ReplyAddress): void;
  /** Forgets the reply that {@link beginMessage} started. @returns its data */
  dropWritten(out: ByteWriter): Buffer;
  /** Ends the connection after the messages that were sent. Waiting requests are dropped. */
  close(): void;
  /** Cuts the connection at once. */
  destroy(): void;
  /** The request whose end the next requests wait for has given a promise. Called for few requests: most end at once. */
  runInOrder(request: RunningRequest): void;
  /** Lets `work` run while the next requests are served. The work counts as a queued request until it ends. @param request undefined for an answer alone */
  runInBackground(work: Promise<void>, request?: RunningRequest): void;
  /**
   * The client of a request is told that the call took too long. After this message the next requests are served, and the call is late.
   *
   * @param told resolves when the message was sent
   */
  addTimedOutCall(request: RunningRequest, told: Promise<void>): void;
  /** A call is late until `ended`: it goes on after its answer. A batch may have several late calls. */
  addLateCall(request: RunningRequest, ended: Promise<void>): void;
  /** Ends the connection when it has too many late calls. Called after an answer. */
  checkLateCalls(): void;
}
