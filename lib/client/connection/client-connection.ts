import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnnotationLimits } from '../../protocol/messages/annotations.js';
import { CORRELATION_ID_AT, FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import { CommunicationError, ConnectionClosedError, ProtocolError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import type { WireLog } from '../../protocol/messages/message.js';
import { ConnectionGroup } from '../../transport/connection-group.js';
import { FrameConnection } from '../../transport/frame-connection.js';
import { connectionFailureText } from '../../transport/sockets/tls-reasons.js';
import type { Deadline, DeadlineWatcher } from '../../calls/deadline.js';
import type { OutgoingRequest } from '../messages/outgoing-request.js';

export interface ClientConnectionOptions extends AnnotationLimits {
  maxMessageBytes: number;
  frameTimeoutMs: number;
  wireLog?: WireLog;
}

/** A call that uses the connection. */
interface RunningCall {
  request: OutgoingRequest;
  deadline: Deadline;
  resolve(reply: Frame | undefined): void;
  reject(error: Error): void;
}

type State =
  | { is: 'free' }
  /** A request was sent. Only its reply may arrive. */
  | ({ is: 'awaiting' } & RunningCall)
  /** A oneway request was sent, and too many bytes are unsent for another request. */
  | ({ is: 'flushing' } & RunningCall)
  | { is: 'ended' };

const FREE: State = { is: 'free' };
const ENDED: State = { is: 'ended' };

/** The connections of all proxies. */
const group = new ConnectionGroup();

/**
 * A connection to a daemon. It runs one call at a time.
 *
 * Every failure during a call closes the connection: a timeout, an abort, a message that is not the reply. Otherwise a late reply could be
 * taken for the reply to a later call.
 */
export class ClientConnection implements DeadlineWatcher {
  private readonly frames: FrameConnection;
  private state: State = FREE;
  private seq = 0;

  /**
   * @param location address that was connected to: `host:port`, `[v6]:port` or `./u:path`
   * @param onEnded called once, when the connection can run no more calls; the error says why
   */
  constructor(
    readonly socket: Duplex,
    readonly location: string,
    options: ClientConnectionOptions,
    private readonly onEnded: (connection: ClientConnection, error: Error) => void,
  ) {
    const owner = {
      peerName: location,
      onReady: () => this.onReady(),
      onClosed: (error: Error | undefined) => this.end(this.closedError(error)),
    };
    this.frames = new FrameConnection(socket, options, owner, [MESSAGE_TYPES.connectOk, MESSAGE_TYPES.connectFail], group);
  }

  /** True when the connection can run a call now. */
  get isFree(): boolean {
    return this.state.is === 'free' && this.frames.isOpen;
  }

  get isOpen(): boolean {
    return this.state.is !== 'ended';
  }

  /** Resolves when the socket is closed. */
  get closed(): Promise<void> {
    if (this.socket.closed) return Promise.resolve();
    return new Promise((resolve) => void this.socket.once('close', () => resolve()));
  }

  /** True while a call with this correlation id waits for its reply. */
  awaits(correlationId: Buffer): boolean {
    return this.state.is === 'awaiting' && this.state.request.hasId(correlationId, 0);
  }

  /** Called after the handshake: from now on replies to calls are accepted, and no answers to a handshake. */
  handshakeDone(): void {
    this.frames.accept([MESSAGE_TYPES.result]);
  }

  /**
   * Sends a request.
   *
   * @returns a promise of the reply. For a oneway request: undefined, or a promise of undefined when another request cannot be sent yet.
   * False when the connection had ended already and nothing was sent
   * @throws {MessageTooLargeError} before anything is sent; the connection stays open
   * @throws {CommunicationError} when the connection ends before the reply arrives; `sent` is true
   * @throws {TimeoutError} or the signal's reason, when the deadline comes first; the connection is closed
   */
  request(request: OutgoingRequest, deadline: Deadline): Promise<Frame | undefined> | undefined | false {
    if (deadline.failure !== undefined) throw deadline.failure;
    if (!this.isFree) return false;
    request.seq = this.seq = (this.seq + 1) & 0xffff;
    if (!request.sendOver(this.frames)) return false;
    deadline.sent = true;
    const { isOneway } = request;
    if (isOneway && !this.frames.isCongested) return undefined;
    return new Promise((resolve, reject) => {
      this.state = { is: isOneway ? 'flushing' : 'awaiting', request, deadline, resolve, reject };
      deadline.watch(this);
    });
  }

  /**
   * Asks the peer for an answer by a message that is no call. Throws the same errors as {@link request}.
   *
   * @returns false when the connection had ended already
   */
  async ping(request: OutgoingRequest, deadline: Deadline): Promise<boolean> {
    this.frames.accept([MESSAGE_TYPES.ping]);
    try {
      const { sent } = deadline;
      const answer = this.request(request, deadline);
      // the call that waits for the answer was not sent by this message
      deadline.sent = sent;
      return answer !== false && (await answer) !== undefined;
    } finally {
      this.frames.accept([MESSAGE_TYPES.result]);
    }
  }

  /** Closes the connection at once. A running call fails with `error`. */
  drop(error: Error): void {
    this.end(error);
    this.frames.destroy();
  }

  /** Sets whether the socket keeps the process alive. Byte streams other than sockets never do. */
  keepProcessAlive(isWanted: boolean): void {
    const socket = this.socket as Partial<Socket>;
    if (isWanted) socket.ref?.();
    else socket.unref?.();
  }

  /** Closes the connection after the unsent bytes were sent. A running call fails with `error`. */
  release(error: Error): void {
    this.end(error);
    this.frames.endSoon();
  }

  private onReady(): void {
    try {
      for (let frame = this.frames.next(); frame !== undefined; frame = this.frames.next()) this.receive(frame);
      if (this.state.is === 'flushing' && !this.frames.isCongested) this.settle(this.state).resolve(undefined);
    } catch (error) {
      this.drop(error as Error);
    }
  }

  private receive(frame: Frame): void {
    const { state } = this;
    if (state.is !== 'awaiting') throw new ProtocolError(`${this.location} sent a message that no call waits for`);
    checkReply(frame, state.request);
    this.settle(state).resolve(frame);
  }

  private settle(call: RunningCall): RunningCall {
    call.deadline.unwatch();
    this.state = FREE;
    return call;
  }

  private end(error: Error): void {
    const { state } = this;
    if (state.is === 'ended') return;
    this.state = ENDED;
    if (state.is !== 'free') {
      state.deadline.unwatch();
      if (error instanceof CommunicationError) error.sent ??= true;
      state.reject(error);
    }
    this.onEnded(this, error);
  }

  private closedError(cause: Error | undefined): CommunicationError {
    if (cause instanceof CommunicationError) return cause;
    const when = this.state.is === 'free' ? '' : ' before the reply came';
    const why = cause ? `: ${connectionFailureText(cause)}` : '';
    return new ConnectionClosedError(`connection to ${this.location} was closed${when}${why}`, {
      cause,
      sent: true,
    });
  }
}

/**
 * Checks that a message is the reply to a request.
 *
 * @throws {ProtocolError} when it is not
 */
function checkReply({ header, bytes, start }: Frame, request: OutgoingRequest): void {
  // a daemon may refuse the handshake before it has read the request, so the refusal need not match it
  if (header.type === MESSAGE_TYPES.connectFail) return;
  if (header.seq !== request.seq) {
    throw new ProtocolError(`reply out of sync: it has sequence number ${header.seq}, expected ${request.seq}`);
  }
  if (header.serializerId !== request.serializerId) {
    throw new ProtocolError(`reply has serializer ${header.serializerId}, expected ${request.serializerId}`);
  }
  if (!(header.flags & FLAGS.correlationId) || !request.hasId(bytes, start + CORRELATION_ID_AT)) {
    throw new ProtocolError('reply has not the correlation id of its call');
  }
}
