import type { Duplex } from 'node:stream';
import { FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import { CommunicationError, ConnectionClosedError, ProtocolError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import type { OutgoingMessage, WireLog } from '../../protocol/message.js';
import { FrameConnection } from '../../transport/frame-connection.js';
import type { Deadline } from '../../calls/deadline.js';

export interface ClientConnectionOptions {
  maxMessageBytes: number;
  frameTimeoutMs: number;
  wireLog?: WireLog;
}

/** A message to send; the connection numbers it. */
export type Request = Omit<OutgoingMessage, 'seq'> & { correlationId: Buffer };

interface Waiting<T> {
  deadline: Deadline;
  resolve(value: T): void;
  reject(error: Error): void;
}

type State =
  | { is: 'free' }
  /** A request was sent; its reply is the only message that may come. */
  | ({ is: 'awaiting'; seq: number; request: Request } & Waiting<Frame>)
  /** A oneway request was sent, and the peer has not taken enough of it yet. */
  | ({ is: 'flushing' } & Waiting<undefined>)
  | { is: 'ended' };

const FREE: State = { is: 'free' };
const ENDED: State = { is: 'ended' };

/**
 * A connection to a daemon, which carries one call at a time.
 *
 * Whatever goes wrong during a call (no reply in time, an abort, a message that is not its reply) ends the connection, so
 * that no reply ever reaches another call than its own.
 */
export class ClientConnection {
  private readonly frames: FrameConnection;
  private state: State = FREE;
  private seq = 0;

  /**
   * @param location `host:port`, `[v6]:port` or `./u:path` that was connected to
   * @param onEnded the connection can carry no more calls, and why; called once
   */
  constructor(
    readonly socket: Duplex,
    readonly location: string,
    options: ClientConnectionOptions,
    private readonly onEnded: (connection: ClientConnection, error: Error) => void,
  ) {
    const acceptedTypes = [MESSAGE_TYPES.connectOk, MESSAGE_TYPES.connectFail];
    this.frames = new FrameConnection(
      socket,
      { ...options, acceptedTypes, peer: location },
      { onReady: () => this.onReady(), onClosed: (error) => this.end(this.closedError(error)) },
    );
  }

  /** True when it can carry a call now. */
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

  /** True while the reply to a call with this correlation id is waited for. */
  awaits(correlationId: Buffer): boolean {
    return this.state.is === 'awaiting' && this.state.request.correlationId.equals(correlationId);
  }

  /** From now on the daemon answers calls, not the handshake. */
  handshakeDone(): void {
    this.frames.accept([MESSAGE_TYPES.result]);
  }

  /**
   * Sends a request.
   *
   * @returns its reply; undefined for a oneway request, as soon as the peer takes bytes again; or false: the connection had
   *   ended before, and nothing was sent
   * @throws {MessageTooLargeError} before anything is sent; the connection lives on
   * @throws {CommunicationError} when the connection ends before the reply came; `sent` is true
   * @throws {TimeoutError} or the signal's reason, when the deadline comes first; the connection is ended
   */
  request(request: Request, deadline: Deadline): Promise<Frame | undefined> | false {
    if (deadline.failure !== undefined) throw deadline.failure;
    if (!this.isFree) return false;
    const seq = (this.seq = (this.seq + 1) & 0xffff);
    if (!this.frames.send({ ...request, seq })) return false;
    deadline.sent = true;
    const oneway = (request.flags & FLAGS.oneway) !== 0;
    if (oneway && !this.frames.isCongested) return Promise.resolve(undefined);
    return new Promise<Frame | undefined>((resolve, reject) => {
      const waiting = { deadline, resolve, reject };
      this.state = oneway ? { is: 'flushing', ...waiting } : { is: 'awaiting', seq, request, ...waiting };
      deadline.watch((error) => this.drop(error));
    });
  }

  /** Ends the connection at once; a call that runs fails with `error`. */
  drop(error: Error): void {
    this.end(error);
    this.frames.destroy();
  }

  /** Ends the connection as soon as what was written has been sent; a call that runs fails with `error`. */
  release(error: Error): void {
    if (this.state.is === 'awaiting') return this.drop(error);
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
    checkReply(frame, state.seq, state.request);
    this.settle(state).resolve(frame);
  }

  private settle<S extends { deadline: Deadline }>(waiting: S): S {
    waiting.deadline.unwatch();
    this.state = FREE;
    return waiting;
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
    const why = cause ? `: ${cause.message}` : '';
    return new ConnectionClosedError(`connection to ${this.location} was closed${when}${why}`, {
      cause,
      sent: true,
    });
  }
}

/**
 * Refuses whatever is not the reply to the request.
 *
 * @throws {ProtocolError}
 */
function checkReply({ header, correlationId }: Frame, seq: number, request: Request): void {
  // a refusal may come before anything of the request was read
  if (header.type === MESSAGE_TYPES.connectFail) return;
  if (header.seq !== seq) throw new ProtocolError(`reply out of sync: it has sequence number ${header.seq}, expected ${seq}`);
  if (header.serializerId !== request.serializerId) {
    throw new ProtocolError(`reply has serializer ${header.serializerId}, expected ${request.serializerId}`);
  }
  if (!correlationId?.equals(request.correlationId)) {
    throw new ProtocolError('reply has not the correlation id of its call');
  }
}
