import type { Duplex } from 'node:stream';
import { MESSAGE_TYPES } from '../../protocol/constants.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { FrameConnection, type FrameConnectionHandler } from '../../transport/frame-connection.js';
import { DaemonConnection } from './connection.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import type { Place } from './places.js';

/** What a loop asks of its daemon. */
export interface RequestLoopOwner {
  /** Handles the CONNECT message; true when the connection is let in. Answers either way. */
  handshake(loop: RequestLoop, frame: Frame): Promise<boolean>;
  /** What came first was no Pyro CONNECT message. */
  handshakeFailed(loop: RequestLoop, error: Error): void;
  /**
   * Serves one request; what it does not wait for goes through {@link RequestLoop.runBeside}. Never throws nor rejects.
   *
   * @returns a promise only when the request is not served yet
   */
  serve(loop: RequestLoop, frame: Frame): Promise<void> | void;
  /** Work beside the requests failed in a way that no client can be told. */
  failed(error: unknown): void;
  /** The peer sent something that is no Pyro message after the handshake. */
  protocolFailed(loop: RequestLoop, error: Error): void;
  /** The connection is gone and its last call has ended. `error`: why it went, unless it simply ended. */
  ended(loop: RequestLoop, error: Error | undefined): void;
}

/** Requests that are served before other connections get their turn. */
const REQUESTS_PER_TURN = 16;
/** Bytes of waiting requests over which reading stops; one request may be larger. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

/**
 * Serves one connection: requests in order, one at a time, with a bounded queue behind the running one.
 *
 * What a client sent before it went away is still carried out, as in Pyro5: a oneway call is not lost because its
 * caller left.
 */
export class RequestLoop implements FrameConnectionHandler {
  readonly connection: DaemonConnection;
  readonly frames: FrameConnection;
  private state: 'connecting' | 'serving' | 'stopping' | 'ended' = 'connecting';
  private readonly queue: Frame[] = [];
  private queuedBytes = 0;
  private busy = false;
  private beside = 0;
  private servedInTurn = 0;
  /** Waits for its next turn. */
  private resting = false;
  private closed = false;
  /** Its owner was told that the handshake failed. */
  private refused = false;
  private closeError: Error | undefined;
  /** What stopped the reading; told to the owner when the requests before it are served. */
  private protocolError: Error | undefined;
  private handshakeTimer: NodeJS.Timeout | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private whenIdle: (() => void)[] = [];

  constructor(
    readonly place: Place,
    socket: Duplex,
    private readonly options: ResolvedDaemonOptions,
    private readonly owner: RequestLoopOwner,
  ) {
    this.connection = new DaemonConnection(place.connectionId, socket, () => this.close());
    const peer = `${this.connection.remoteAddress} #${this.connection.id}`;
    this.frames = new FrameConnection(socket, { ...options, acceptedTypes: [MESSAGE_TYPES.connect], peer }, this);
    const { handshakeTimeoutMs } = options;
    if (handshakeTimeoutMs > 0) {
      const text = `handshake took longer than handshakeTimeoutMs (${handshakeTimeoutMs} ms)`;
      const leftMs = Math.max(1, place.since + handshakeTimeoutMs - performance.now());
      this.handshakeTimer = setTimeout(() => this.failHandshake(new Error(text)), leftMs);
      this.handshakeTimer.unref();
    }
  }

  /** True until the handshake is over, or its time, or the connection ends. */
  get isConnecting(): boolean {
    return this.state === 'connecting' && !this.closed;
  }

  /** True once the handshake had taken too long, or what came was none: its owner was told. */
  get isRefused(): boolean {
    return this.refused;
  }

  /** True while a request runs or waits. */
  get isBusy(): boolean {
    return this.busy || this.beside > 0 || this.queue.length > 0;
  }

  /** Begins to serve requests: after a handshake, or at once on a connected socket. */
  startServing(): void {
    this.stopHandshakeTimer();
    if (this.state !== 'connecting') return;
    this.state = 'serving';
    this.frames.accept([MESSAGE_TYPES.invoke, MESSAGE_TYPES.ping]);
    this.watchIdle();
  }

  /** Takes no more requests; those that wait are dropped. Resolves when the running ones have ended. */
  stop(): Promise<void> {
    if (this.state === 'serving' || this.state === 'connecting') {
      this.state = 'stopping';
      this.stopHandshakeTimer();
      this.queue.length = 0;
      this.queuedBytes = 0;
      this.frames.hold();
    }
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  /** Ends the connection after what was written; waiting requests are dropped. */
  close(): void {
    void this.stop();
    this.frames.end();
  }

  /** Ends the connection without waiting for the peer: `soon` after what was written has left, else at once. */
  hangUp(when: 'soon' | 'now'): void {
    void this.stop();
    if (when === 'soon') this.frames.endSoon();
    else this.frames.destroy();
  }

  /** Lets `work` run while the next requests are served; it counts as queued. */
  runBeside(work: Promise<void>): void {
    this.beside++;
    const done = (): void => {
      this.beside--;
      this.onReady();
      this.settle();
    };
    work.then(done, (error: unknown) => {
      this.owner.failed(error);
      done();
    });
  }

  onReady(): void {
    if (this.state === 'connecting') this.readConnect();
    else if (this.state === 'serving') this.readRequests();
  }

  onClosed(error: Error | undefined): void {
    this.closed = true;
    this.closeError ??= error;
    this.stopHandshakeTimer();
    clearTimeout(this.idleTimer);
    this.connection.markGone();
    this.onReady();
    this.settle();
  }

  private readConnect(): void {
    if (this.busy) return;
    const frame = this.pull();
    if (this.protocolError) this.failHandshake(this.protocolError);
    if (frame === undefined) return;
    this.busy = true;
    // what follows a CONNECT message waits until it is answered
    this.frames.hold();
    void this.owner.handshake(this, frame).then((admitted) => {
      this.busy = false;
      if (admitted && this.state === 'connecting') {
        this.startServing();
        this.frames.release();
        this.onReady();
      } else if (!admitted) {
        this.close();
      }
      this.settle();
    });
  }

  private failHandshake(error: Error): void {
    if (this.state !== 'connecting') return;
    this.state = 'stopping';
    this.stopHandshakeTimer();
    this.refused = true;
    this.owner.handshakeFailed(this, error);
  }

  private readRequests(): void {
    const { maxQueuedRequests } = this.options;
    // serving one may end the connection
    while (this.state === 'serving') {
      const full =
        this.queue.length + this.beside + (this.busy ? 1 : 0) >= maxQueuedRequests || this.queuedBytes > MAX_QUEUED_BYTES;
      if (full && !this.closed) {
        this.frames.hold();
        break;
      }
      const frame = this.pull();
      if (frame === undefined) {
        if (!this.protocolError) this.frames.release();
        if (this.queue.length === 0) this.servedInTurn = 0;
        break;
      }
      this.queue.push(frame);
      this.queuedBytes += frame.length;
      this.serveNext();
    }
    this.serveNext();
    this.settle();
  }

  private serveNext(): void {
    while (!this.busy && !this.resting && this.state === 'serving' && (!this.frames.isCongested || this.closed)) {
      if (this.servedInTurn === REQUESTS_PER_TURN) return this.rest();
      const frame = this.queue.shift();
      if (frame === undefined) return;
      this.servedInTurn++;
      this.serve(frame);
    }
  }

  private serve(frame: Frame): void {
    this.queuedBytes -= frame.length;
    this.busy = true;
    const work = this.owner.serve(this, frame);
    if (work === undefined) {
      this.busy = false;
      return;
    }
    void work.then(() => {
      this.busy = false;
      this.onReady();
      this.settle();
    });
  }

  private rest(): void {
    this.resting = true;
    setImmediate(() => {
      this.resting = false;
      this.servedInTurn = 0;
      this.onReady();
    });
  }

  private pull(): Frame | undefined {
    if (this.protocolError) return undefined;
    try {
      return this.frames.next();
    } catch (error) {
      this.protocolError = error as Error;
      this.frames.hold();
      return undefined;
    }
  }

  /** Tells who waits for the running calls, and the owner once the connection is gone too. */
  private settle(): void {
    if (this.isBusy) return;
    if (this.whenIdle.length > 0) for (const resolve of this.whenIdle.splice(0)) resolve();
    if (this.protocolError && this.state === 'serving') {
      this.state = 'stopping';
      this.owner.protocolFailed(this, this.protocolError);
    }
    if (!this.closed) return this.watchIdle();
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.owner.ended(this, this.closeError);
  }

  private watchIdle(): void {
    const { idleTimeoutMs } = this.options;
    if (idleTimeoutMs === 0 || this.state !== 'serving' || this.closed) return;
    if (this.idleTimer) {
      this.idleTimer.refresh();
      return;
    }
    this.idleTimer = setTimeout(() => {
      if (this.isBusy) this.idleTimer?.refresh();
      else this.frames.end();
    }, idleTimeoutMs);
    this.idleTimer.unref();
  }

  private stopHandshakeTimer(): void {
    clearTimeout(this.handshakeTimer);
    this.handshakeTimer = undefined;
  }
}
