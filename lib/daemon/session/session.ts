import type { Duplex } from 'node:stream';
import { MESSAGE_TYPES } from '../../protocol/constants.js';
import { TimeoutError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { lookBeforeCut } from '../../transport/event-loop-look.js';
import type { Frame } from '../../protocol/frame-reader.js';
import type { OutgoingMessage } from '../../protocol/message.js';
import { runIsolated } from '../../calls/async-context.js';
import { FrameConnection, type FrameConnectionHandler } from '../../transport/frame-connection.js';
import type { CallServices } from '../call/call-services.js';
import type { Dispatcher } from '../call/dispatcher.js';
import { Reply } from '../call/reply.js';
import { SessionConnection } from '../connection/connection.js';
import type { ReplyChannel } from '../contract/reply-channel.js';
import { answerHandshake } from './handshake.js';
import { RequestQueue } from './request-queue.js';
import type { Slot } from './slots.js';

/** Requests of one session that are served before other sessions get their turn. */
const REQUESTS_PER_TURN = 16;

/**
 * Where a session stands. A session only moves forward:
 *
 * - `handshaking`: waits for the CONNECT message, and then for its answer.
 * - `serving`: serves requests. The session still serves those that arrived before the client disconnected, as in Pyro5: a oneway
 *   call is not lost because its caller left.
 * - `draining`: reads no more. Waiting requests are dropped, running calls end.
 * - `closed`: the socket is closed and no call runs.
 */
type SessionState =
  | { readonly is: 'handshaking'; timer: NodeJS.Timeout | undefined }
  | { readonly is: 'serving' }
  | { readonly is: 'draining'; /** A refusal of the handshake was reported. */ readonly refused: boolean }
  | { readonly is: 'closed' };

/** Follows the sessions of a daemon. */
export interface SessionObserver {
  /** The session has passed its handshake. */
  opened(session: Session): void;
  /** The socket is closed. Calls may still run. */
  gone(session: Session): void;
  /** The socket is closed and the last call has ended. `error`: the cause, when the peer did not simply disconnect. */
  closed(session: Session, error: Error | undefined): void;
}

/** Serves one connection: first its handshake, then its requests in order, one at a time; only oneway requests run while later ones are served. */
export class Session implements FrameConnectionHandler, ReplyChannel {
  readonly connection: SessionConnection;
  private readonly frames: FrameConnection;
  private readonly queue: RequestQueue;
  private state: SessionState;
  /** Requests (or handshakes) that run in order: 0 or 1. */
  private running = 0;
  /** Oneway requests, and replies that tell of a timeout, that run while later requests are served. */
  private background = 0;
  private servedInTurn = 0;
  /** Set while the session waits for its next turn. */
  private nextTurn: NodeJS.Immediate | undefined;
  /** Why the socket was closed. */
  private closeError: Error | undefined;
  /** The peer sent bytes that are no Pyro message. Nothing more is read; the requests before them are still served. */
  private readError: Error | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  /** No request came for `idleTimeoutMs`; set until one comes. */
  private isIdle = false;
  /** Nothing is read because too many requests wait or run. */
  private isFull = false;
  /** Called when no call runs any more. */
  private idleCallbacks: (() => void)[] = [];

  constructor(
    readonly slot: Slot,
    socket: Duplex,
    private readonly services: CallServices,
    private readonly dispatcher: Dispatcher,
    private readonly observer: SessionObserver,
  ) {
    const { options } = services;
    const { handshakeTimeoutMs } = options;
    const limits = { handshakeTimeoutMs, address: slot.address };
    this.connection = new SessionConnection(slot.connectionId, socket, () => this.close(), limits);
    this.queue = new RequestQueue(options.maxQueuedRequests);
    this.state = { is: 'handshaking', timer: this.startHandshakeTimer() };
    const peer = `${this.connection.remoteAddress} #${this.connection.id}`;
    this.frames = new FrameConnection(
      socket,
      { ...options, acceptedTypes: [MESSAGE_TYPES.connect], peer, unsent: services.unsent },
      this,
    );
  }

  get socket(): Duplex {
    return this.frames.socket;
  }

  /** True while a request runs or waits. */
  get isBusy(): boolean {
    return this.running > 0 || this.background > 0 || this.queue.length > 0;
  }

  /**
   * Serves a connected socket without a handshake.
   *
   * @param validate refuses the connection by throwing
   * @throws the error of `validate`; the socket is closed then
   */
  async serveWithoutHandshake(validate: (connection: SessionConnection) => Promise<void>): Promise<void> {
    this.frames.hold();
    try {
      await validate(this.connection);
    } catch (error) {
      this.hangUp('now');
      throw error;
    }
    this.startServing();
    this.frames.release();
  }

  /** Takes no more requests and drops those that wait. Resolves when the running calls have ended. */
  drain(): Promise<void> {
    if (this.state.is === 'serving' || this.state.is === 'handshaking') {
      this.enterDraining(false);
      this.queue.clear();
      this.frames.hold();
    }
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => this.idleCallbacks.push(resolve));
  }

  /** Ends the connection without waiting for the peer: `soon` after the sent messages have left, `now` at once. */
  hangUp(when: 'soon' | 'now'): void {
    void this.drain();
    if (when === 'soon') this.frames.endSoon();
    else this.frames.destroy();
  }

  send(message: OutgoingMessage): void {
    this.frames.send(message);
  }

  close(): void {
    void this.drain();
    this.frames.end();
  }

  destroy(): void {
    this.hangUp('now');
  }

  runInBackground(work: Promise<void>): void {
    this.background++;
    const done = (): void => {
      this.background--;
      this.onReady();
      this.settle();
    };
    work.then(done, (error: unknown) => {
      this.services.reporter.error(error);
      done();
    });
  }

  /** Frames may have arrived, or the peer reads again. */
  onReady(): void {
    if (this.state.is === 'handshaking') this.readConnect();
    else if (this.state.is === 'serving') this.readRequests();
  }

  onClosed(error: Error | undefined): void {
    this.closeError ??= error;
    this.stopHandshakeTimer();
    clearTimeout(this.idleTimer);
    this.connection.markGone();
    this.observer.gone(this);
    this.onReady();
    this.settle();
  }

  private readConnect(): void {
    if (this.running > 0) return;
    const frame = this.readFrame();
    if (this.readError) this.refuseHandshake(this.readError);
    if (frame === undefined) return;
    this.running++;
    // the messages behind a CONNECT wait until it is answered
    this.frames.hold();
    void runIsolated(() => this.handshake(frame)).then((opened) => {
      this.running--;
      if (opened) {
        this.startServing();
        this.frames.release();
        this.onReady();
      } else {
        this.close();
      }
      this.settle();
    });
  }

  /** @returns true when the session may serve; false when it was refused or ended meanwhile */
  private async handshake(frame: Frame): Promise<boolean> {
    const { services, connection } = this;
    const failure = await answerHandshake(services, this, connection, frame, this.slot.refusal);
    const reported = this.state.is === 'draining' && this.state.refused;
    if (failure && !reported) this.reportRefusal(failure);
    return failure === undefined && this.state.is === 'handshaking' && !connection.isGone;
  }

  /** No CONNECT came in time, or other bytes came in its place. */
  private refuseHandshake(error: Error): void {
    if (this.state.is !== 'handshaking') return;
    this.enterDraining(true);
    this.slot.address?.failed(performance.now());
    void this.sendRefusal(error.message);
    this.reportRefusal(error);
  }

  private reportRefusal(error: Error): void {
    const { connection, services } = this;
    services.limits.note(error, connection);
    services.reporter.emit('handshakeFailed', error, connection, connection.requestedObject);
  }

  private async sendRefusal(reason: string): Promise<void> {
    const { services } = this;
    try {
      await new Reply(services, this, services.marshal, undefined).connectFail(reason);
    } catch (error) {
      services.reporter.error(error);
    }
    this.close();
  }

  private startServing(): void {
    if (this.state.is !== 'handshaking') return;
    this.stopHandshakeTimer();
    this.state = { is: 'serving' };
    this.frames.accept([MESSAGE_TYPES.invoke, MESSAGE_TYPES.ping]);
    this.observer.opened(this);
    this.watchIdle();
  }

  private readRequests(): void {
    // a request that is served may end the session
    while (this.state.is === 'serving') {
      const isFull = this.queue.isFull(this.running + this.background);
      if (isFull && !this.connection.isGone) {
        if (!this.isFull) this.services.limits.counts.maxQueuedRequests++;
        this.isFull = true;
        this.frames.hold();
        break;
      }
      this.isFull = false;
      const frame = this.readFrame();
      if (frame === undefined) {
        if (!this.readError) this.frames.release();
        if (this.queue.length === 0) this.servedInTurn = 0;
        break;
      }
      this.queue.push(frame);
      this.serveQueued();
    }
    this.serveQueued();
    this.settle();
  }

  private serveQueued(): void {
    while (this.canServe()) {
      if (this.servedInTurn === REQUESTS_PER_TURN) return this.waitForTurn();
      const frame = this.queue.shift();
      if (frame === undefined) return;
      this.servedInTurn++;
      this.serve(frame);
    }
  }

  private canServe(): boolean {
    if (this.running > 0 || this.nextTurn !== undefined || this.state.is !== 'serving') return false;
    return !this.frames.isCongested || this.connection.isGone;
  }

  private serve(frame: Frame): void {
    this.running++;
    const work = this.dispatch(frame);
    if (work === undefined) {
      this.running--;
      return;
    }
    void work.then(() => {
      this.running--;
      this.onReady();
      this.settle();
    });
  }

  private dispatch(frame: Frame): Promise<void> | undefined {
    try {
      return this.dispatcher.serve(this, this.connection, frame)?.catch((error: unknown) => this.failed(error));
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  /** A request failed in a way that its client cannot be told. */
  private failed(error: unknown): void {
    this.services.reporter.error(error);
    this.hangUp('now');
  }

  private waitForTurn(): void {
    this.nextTurn = setImmediate(() => {
      this.nextTurn = undefined;
      this.servedInTurn = 0;
      this.onReady();
    });
  }

  private readFrame(): Frame | undefined {
    if (this.readError) return undefined;
    try {
      return this.frames.next();
    } catch (error) {
      this.readError = error as Error;
      this.frames.hold();
      return undefined;
    }
  }

  /** Moves on once no call runs: ends a session that cannot be read any more, and closes one whose socket is closed. */
  private settle(): void {
    if (this.isBusy) return;
    if (this.idleCallbacks.length > 0) for (const callback of this.idleCallbacks.splice(0)) callback();
    if (this.readError && this.state.is === 'serving') {
      this.enterDraining(false);
      // the answers to the requests before these bytes still leave
      this.frames.end(this.readError);
    }
    if (!this.connection.isGone) return this.watchIdle();
    if (this.state.is === 'closed') return;
    this.state = { is: 'closed' };
    this.observer.closed(this, this.closeError);
  }

  private enterDraining(refused: boolean): void {
    this.stopHandshakeTimer();
    this.state = { is: 'draining', refused };
  }

  private startHandshakeTimer(): NodeJS.Timeout | undefined {
    const { handshakeTimeoutMs } = this.services.options;
    if (handshakeTimeoutMs === 0) return undefined;
    const text = `handshake took longer than handshakeTimeoutMs (${handshakeTimeoutMs} ms)`;
    const remainingMs = Math.max(1, this.slot.acceptedAt + handshakeTimeoutMs - performance.now());
    const refuse = (): void => this.refuseHandshake(overLimit('handshakeTimeoutMs', new Error(text)));
    const timer = setTimeout(() => {
      const isAnswered = this.running > 0;
      lookBeforeCut(() => {
        // the CONNECT message lay in the kernel: its guards have their time from now on
        if (!isAnswered && this.running > 0) timer.refresh();
        else refuse();
      });
    }, remainingMs).unref();
    return timer;
  }

  private stopHandshakeTimer(): void {
    if (this.state.is !== 'handshaking') return;
    clearTimeout(this.state.timer);
    this.state.timer = undefined;
  }

  private watchIdle(): void {
    this.isIdle = false;
    const { idleTimeoutMs } = this.services.options;
    if (idleTimeoutMs === 0 || this.state.is !== 'serving' || this.connection.isGone) return;
    if (this.idleTimer) {
      this.idleTimer.refresh();
      return;
    }
    this.idleTimer = setTimeout(() => {
      this.isIdle = true;
      lookBeforeCut(() => this.endIdle(idleTimeoutMs));
    }, idleTimeoutMs).unref();
  }

  private endIdle(idleTimeoutMs: number): void {
    if (!this.isIdle) return;
    if (this.isBusy || this.frames.isReceiving) this.idleTimer?.refresh();
    else this.frames.end(overLimit('idleTimeoutMs', new TimeoutError(`no request came for idleTimeoutMs (${idleTimeoutMs} ms)`)));
  }
}
