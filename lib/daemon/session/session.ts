import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MESSAGE_TYPES } from '../../protocol/constants.js';
import { FrameConnection } from '../../transport/frame-connection.js';
import type { FrameConnectionHandler } from '../../transport/frame-connection-handler.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import { runIsolated } from '../../calls/async-context.js';
import { Reply } from '../request/reply.js';
import { SessionConnection } from '../connection/session-connection.js';
import { answerHandshake } from './handshake.js';
import { startHandshakeTimer } from './handshake-timer.js';
import { IdleTimeout } from './idle-timeout.js';
import { RequestLoop } from './request-loop.js';
import type { ServingSession, SessionServices } from './serving-session.js';
import type { Slot } from './slots.js';

const CONNECT_ONLY = [MESSAGE_TYPES.connect];
const REQUESTS_ONLY = [MESSAGE_TYPES.invoke, MESSAGE_TYPES.ping];

/** Longest time that a connection which is hung up `soon` stays open for the bytes that were sent. A drain has waited for them before. */
const MAX_LAST_BYTES_MS = 2_000;

/**
 * The state of a session. A session only moves forward:
 *
 * - `handshaking`: waits for the CONNECT message, and then for its answer.
 * - `serving`: serves requests. Requests that arrived before the client disconnected are still served, as in Pyro5: a oneway call is not
 *   lost because its caller left.
 * - `draining`: reads no more. Waiting requests are dropped, running calls end.
 * - `closed`: the socket is closed and no call runs.
 */
type SessionState =
  | { readonly is: 'handshaking'; timer: NodeJS.Timeout | undefined }
  | { readonly is: 'serving' }
  | { readonly is: 'draining'; /** A refusal of the handshake was reported. */ readonly refused: boolean }
  | { readonly is: 'closed' };

const SERVING: SessionState = { is: 'serving' };
const DRAINING: SessionState = { is: 'draining', refused: false };
const REFUSED: SessionState = { is: 'draining', refused: true };
const CLOSED: SessionState = { is: 'closed' };

/** Follows the sessions of a daemon. */
export interface SessionObserver {
  /** The session has passed its handshake. */
  opened(session: Session): void;
  /** The handshake was refused or failed. */
  handshakeFailed(error: Error, connection: SessionConnection): void;
  /** The socket is closed. Calls may still run. `error`: as for {@link closed}. */
  gone(session: Session, error: Error | undefined): void;
  /** The socket is closed and the last call has ended. `error`: the cause, when the peer did not simply disconnect. */
  closed(session: Session, error: Error | undefined): void;
}

/** Serves one connection: first its handshake, then, by its {@link RequestLoop}, its requests. */
export class Session implements FrameConnectionHandler, ServingSession {
  readonly connection: SessionConnection;
  private readonly frames: FrameConnection;
  readonly requests: RequestLoop;
  private state: SessionState;
  /** Why the socket was closed. */
  private closeError: Error | undefined;
  /** Undefined without `idleTimeoutMs`. */
  private readonly idleTimeout: IdleTimeout | undefined;
  /** Called when no call runs any more. */
  private idleCallbacks: (() => void)[] | undefined;

  constructor(
    readonly slot: Slot,
    socket: Duplex,
    private readonly shared: SessionServices,
    private readonly observer: SessionObserver,
  ) {
    const { handshakeTimeoutMs, idleTimeoutMs } = shared.services.options;
    this.frames = new FrameConnection(socket, shared.services.options, this, CONNECT_ONLY, shared.group);
    this.requests = new RequestLoop(this, this.frames, shared);
    if (idleTimeoutMs > 0) this.idleTimeout = new IdleTimeout(this, this.frames, idleTimeoutMs);
    this.connection = new SessionConnection(slot.connectionId, socket, this, { handshakeTimeoutMs, address: slot.address });
    const refuse = (error: Error): void => this.refuseHandshake(error);
    const timer = startHandshakeTimer(handshakeTimeoutMs, slot.acceptedAt, this.requests, this.frames, refuse);
    this.state = { is: 'handshaking', timer };
  }

  get peerName(): string {
    return `${this.connection.remoteAddress} #${this.connection.id}`;
  }

  get isServing(): boolean {
    return this.state.is === 'serving';
  }

  get socket(): Duplex {
    return this.frames.socket;
  }

  /** True while a request, or the handshake, runs or waits. */
  get isBusy(): boolean {
    return this.requests.isBusy;
  }

  /** Requests that run or wait. */
  get requestsInProgress(): number {
    return this.requests.requestsInProgress;
  }

  /** Calls that go on after their answer: over `callTimeoutMs`, or answered by an interceptor. */
  get lateCalls(): number {
    return this.requests.lateCalls;
  }

  /** Bytes that came from the client, as its socket has counted them. Undefined for a stream that is no socket. */
  get receivedBytes(): number | undefined {
    return (this.socket as Partial<Socket>).bytesRead;
  }

  /** Bytes that the client was sent, as its socket has counted them. Undefined for a stream that is no socket. */
  get sentBytes(): number | undefined {
    return (this.socket as Partial<Socket>).bytesWritten;
  }

  /** Bytes that the client has not read yet. */
  get unsentBytes(): number {
    return this.frames.unsentBytes;
  }

  /**
   * Serves a connected socket without a handshake.
   *
   * @param authorize refuses the connection by throwing
   * @throws the error of `authorize`; the socket is closed then
   */
  async serveWithoutHandshake(authorize: (connection: SessionConnection) => Promise<void>): Promise<void> {
    this.frames.hold();
    try {
      await authorize(this.connection);
    } catch (error) {
      this.hangUp('now');
      throw error;
    }
    this.startServing();
    this.frames.release();
  }

  /**
   * Takes no more requests and drops the waiting requests. Resolves when the running calls have ended and their replies have left.
   *
   * @returns false when the client reads its replies no more
   */
  async drain(): Promise<boolean> {
    this.stopServing();
    if (this.isBusy) await new Promise<void>((resolve) => (this.idleCallbacks ??= []).push(resolve));
    return this.frames.whenSent();
  }

  /** Ends the connection without waiting for the peer: `soon` after the sent messages have left, or after 2 s; `now` at once. */
  hangUp(when: 'soon' | 'now'): void {
    this.stopServing();
    if (when === 'soon') this.frames.endSoon(MAX_LAST_BYTES_MS);
    else this.frames.destroy();
  }

  close(reason?: Error): void {
    this.stopServing();
    this.frames.end(reason);
  }

  destroy(): void {
    this.hangUp('now');
  }

  /** Frames may have arrived, or the peer reads again. */
  onReady(): void {
    if (this.state.is === 'handshaking') this.readConnect();
    else if (this.state.is === 'serving') this.requests.serveRequests();
  }

  onClosed(error: Error | undefined): void {
    this.closeError ??= error;
    this.stopHandshakeTimer();
    this.idleTimeout?.stop();
    this.connection.markGone();
    this.observer.gone(this, this.closeError);
    this.onReady();
    this.settle();
  }

  private readConnect(): void {
    const { requests } = this;
    if (requests.isBusy) return;
    const frame = requests.readFrame();
    if (requests.readError) this.refuseHandshake(requests.readError);
    if (frame === undefined) return;
    requests.handshakeStarted();
    // messages after a CONNECT wait until it is answered
    this.frames.hold();
    void runIsolated(() => this.handshake(frame)).then((opened) => {
      requests.handshakeEnded();
      if (opened) {
        this.startServing();
        this.frames.release();
        this.onReady();
      } else {
        this.close();
      }
      this.connection.endHandshake(opened && this.shared.services.options.keepHandshake);
      this.settle();
    });
  }

  /** @returns true when the session may serve; false when it was refused or ended meanwhile */
  private async handshake(frame: Frame): Promise<boolean> {
    const { connection } = this;
    const failure = await answerHandshake(this.shared.services, this.requests, frame, this.slot.refusal);
    const reported = this.state.is === 'draining' && this.state.refused;
    if (failure && !reported) this.reportRefusal(failure);
    return failure === undefined && this.state.is === 'handshaking' && !connection.isGone;
  }

  /** Refuses a handshake: no CONNECT arrived in time, or other bytes arrived in its place. */
  private refuseHandshake(error: Error): void {
    if (this.state.is !== 'handshaking') return;
    this.enterDraining(true);
    this.slot.address?.failed(performance.now());
    void this.sendRefusal(error.message);
    this.reportRefusal(error);
  }

  private reportRefusal(error: Error): void {
    const { connection } = this;
    this.shared.services.limits.note(error, connection);
    this.observer.handshakeFailed(error, connection);
  }

  private async sendRefusal(reason: string): Promise<void> {
    const { services } = this.shared;
    try {
      await new Reply(services, this.requests, services.marshal, undefined).connectFail(reason);
    } catch (error) {
      services.reporter.error(error);
    }
    this.close();
  }

  private startServing(): void {
    if (this.state.is !== 'handshaking') return;
    this.stopHandshakeTimer();
    this.state = SERVING;
    this.frames.accept(REQUESTS_ONLY);
    this.observer.opened(this);
    this.idleTimeout?.restart();
  }

  /** Moves on: ends a session that cannot be read any more, once all is answered, and closes one whose socket is closed, once no call runs. */
  settle(): void {
    const { readError, hasUnanswered } = this.requests;
    if (readError && this.state.is === 'serving' && !hasUnanswered) {
      this.enterDraining(false);
      // the answers to the requests before these bytes still leave
      this.frames.end(readError);
    }
    if (hasUnanswered) return;
    if (this.isServing && !this.connection.isGone) this.idleTimeout?.restart();
    if (this.isBusy) return;
    if (this.idleCallbacks !== undefined) this.callIdleCallbacks();
    if (!this.connection.isGone || this.state.is === 'closed') return;
    this.state = CLOSED;
    this.frames.dropUnserved();
    this.connection.releaseHandshake();
    this.observer.closed(this, this.closeError);
  }

  private callIdleCallbacks(): void {
    const callbacks = this.idleCallbacks!;
    this.idleCallbacks = undefined;
    for (const callback of callbacks) callback();
  }

  private stopServing(): void {
    if (this.state.is !== 'serving' && this.state.is !== 'handshaking') return;
    this.enterDraining(false);
    this.requests.dropWaiting();
    this.frames.dropUnserved();
    this.frames.hold();
  }

  private enterDraining(refused: boolean): void {
    this.stopHandshakeTimer();
    this.state = refused ? REFUSED : DRAINING;
  }

  private stopHandshakeTimer(): void {
    if (this.state.is !== 'handshaking') return;
    clearTimeout(this.state.timer);
    this.state.timer = undefined;
  }
}
