import type { Frame } from '../../protocol/messages/frame-reader.js';
import type { OutgoingMessage, ReplyAddress } from '../../protocol/messages/message.js';
import type { ByteWriter } from '../../serpent/writing/byte-writer.js';
import type { FrameConnection } from '../../transport/frame-connection.js';
import type { TurnTaker } from '../../transport/turns.js';
import type { SessionConnection } from '../connection/session-connection.js';
import type { RunningRequest } from '../contract/running-request.js';
import type { ReplyChannel } from '../request/reply-channel.js';
import { BackgroundRequests } from './background-requests.js';
import { RequestQueue, reachedLimit } from './request-queue.js';
import type { ServingSession, SessionServices } from './serving-session.js';
import { TurnBudget } from './turn-budget.js';

/**
 * Serves the requests of one session in order, one at a time. Only oneway requests and late calls run while later requests are served:
 * {@link BackgroundRequests}.
 *
 * A request that arrives while no other waits or runs is served at once, without the queue. The loop is the channel over which the
 * requests are answered.
 */
export class RequestLoop implements ReplyChannel, TurnTaker {
  /** The peer sent bytes that are no Pyro message. Nothing more is read; the requests before them are still served. */
  readError: Error | undefined;
  /** Requests that wait. Made for the first of them. */
  private waiting: RequestQueue | undefined;
  /** Requests that run in order, the handshake among them: 0 or 1. */
  private running = 0;
  /** The request that runs in order, if it is known: see {@link runInOrder}. */
  private inOrder: RunningRequest | undefined;
  /** Resolves when the request that runs in order has ended. */
  private work: Promise<void> | undefined;
  /** Requests that run while later requests are served. Made for the first of them. */
  private background: BackgroundRequests | undefined;
  private readonly turn = new TurnBudget();
  /** True while the session waits for its next turn. */
  private waitsForTurn = false;
  /** True while no more requests are taken because too many wait or run. */
  private isHeldBack = false;

  constructor(
    private readonly session: ServingSession,
    private readonly frames: FrameConnection,
    private readonly shared: SessionServices,
  ) {}

  get connection(): SessionConnection {
    return this.session.connection;
  }

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

  /** True while a request runs or waits. */
  get isBusy(): boolean {
    return this.hasUnanswered || this.lateCalls > 0;
  }

  /** True while a request runs or waits, other than late calls. */
  get hasUnanswered(): boolean {
    return this.runningRequests > 0 || this.hasWaiting;
  }

  /** Requests that run or wait. */
  get requestsInProgress(): number {
    return this.runningRequests + (this.waiting?.length ?? 0) + this.lateCalls;
  }

  /** Calls that go on after their answer: over `callTimeoutMs`, or answered by an interceptor. */
  get lateCalls(): number {
    return this.background?.lateCalls ?? 0;
  }

  /** The running requests that have given a promise. */
  get pendingRequests(): RunningRequest[] {
    const inOrder = this.inOrder === undefined ? [] : [this.inOrder];
    return [...inOrder, ...(this.background?.all() ?? [])];
  }

  /** Running requests other than late calls. */
  private get runningRequests(): number {
    return this.running + (this.background?.count ?? 0);
  }

  /** The handshake begins to run. It counts as a request until {@link handshakeEnded}. */
  handshakeStarted(): void {
    this.running++;
  }

  handshakeEnded(): void {
    this.running--;
  }

  /** True while the first part of a request runs, before its first promise. */
  get isStarting(): boolean {
    return this.running > 0 && this.inOrder === undefined;
  }

  runInOrder(request: RunningRequest): void {
    this.inOrder = request;
  }

  runInBackground(work: Promise<void>, request?: RunningRequest): void {
    const background = (this.background ??= new BackgroundRequests());
    background.add(work, request);
    const done = (): void => {
      background.end(work, request);
      this.goOn();
    };
    work.then(done, (error: unknown) => {
      this.shared.services.reporter.error(error);
      done();
    });
  }

  addTimedOutCall(request: RunningRequest, told: Promise<void>): void {
    this.runInBackground(told.then(() => this.becomeLate(request)));
  }

  private becomeLate(request: RunningRequest): void {
    const background = this.background!;
    if (request === this.inOrder) {
      background.addTimedOut(request, this.work);
      this.running--;
      this.inOrder = undefined;
    } else {
      background.addTimedOut(request, undefined);
    }
    this.checkLateCalls();
  }

  addLateCall(request: RunningRequest, ended: Promise<void>): void {
    const background = (this.background ??= new BackgroundRequests());
    background.addAnswered(request, ended);
    void ended.then(() => {
      background.endLate(ended);
      this.goOn();
    });
  }

  checkLateCalls(): void {
    const { services } = this.shared;
    const refusal = this.session.isServing ? this.background?.refusal(services.options.maxLateCalls) : undefined;
    if (refusal === undefined) return;
    // counted before the session ends: its last call, for which it waits, may never end
    services.limits.note(refusal, this.connection);
    this.session.close(refusal);
  }

  /** Drops the requests that wait. */
  dropWaiting(): void {
    this.waiting?.clear();
  }

  /** The next turn of a session that was stopped. */
  takeTurn(): void {
    this.waitsForTurn = false;
    this.turn.renew();
    if (this.session.isServing) this.serveRequests();
  }

  turnFailed(error: unknown): void {
    this.failed(error);
  }

  /** Serves the requests that wait or have arrived, as many as may run now. */
  serveRequests(): void {
    const { maxQueuedRequests } = this.shared.services.options;
    this.serveWaiting();
    while (this.session.isServing) {
      const reached = reachedLimit(this.waiting, this.runningRequests, maxQueuedRequests);
      if (reached !== undefined) {
        this.countHeldBack(reached);
        this.frames.hold();
        break;
      }
      this.isHeldBack = false;
      const frame = this.readFrame();
      if (frame === undefined) {
        if (this.hasToFinishFirst) this.frames.hold();
        else if (!this.readError) this.frames.release();
        if (!this.hasWaiting) this.turn.renew();
        break;
      }
      if (this.canServe()) this.serve(frame);
      else (this.waiting ??= new RequestQueue(this.shared.services.unserved)).push(frame);
    }
    this.session.settle();
  }

  /** The next frame; undefined when there is none, or when the bytes are no Pyro message: see {@link readError}. */
  readFrame(): Frame | undefined {
    if (this.readError) return undefined;
    try {
      return this.frames.next();
    } catch (error) {
      this.readError = error as Error;
      this.frames.hold();
      return undefined;
    }
  }

  private countHeldBack(reached: NonNullable<ReturnType<typeof reachedLimit>>): void {
    const { connection } = this;
    if (!this.isHeldBack && !connection.isGone) this.shared.services.limits.count(reached, undefined, connection);
    this.isHeldBack = true;
  }

  private get hasWaiting(): boolean {
    return this.waiting !== undefined && this.waiting.length > 0;
  }

  /**
   * True when a large message arrives while an earlier request runs. The request may run for ever, and the message would hold its share of
   * `maxUnservedBytes` meanwhile.
   */
  private get hasToFinishFirst(): boolean {
    return (this.running > 0 || this.hasWaiting) && this.frames.isReceivingLarge;
  }

  private serveWaiting(): void {
    while (this.hasWaiting && this.canServe()) this.serve(this.waiting!.shift()!);
  }

  private canServe(): boolean {
    if (this.running > 0 || this.waitsForTurn || !this.session.isServing) return false;
    if (this.frames.isCongested && !this.connection.isGone) return false;
    if (this.turn.hasRoom()) return true;
    this.waitsForTurn = true;
    this.shared.group.turns.delay(this);
    return false;
  }

  private serve(frame: Frame): void {
    this.turn.spend(frame);
    this.running++;
    let work: Promise<void> | void = undefined;
    try {
      work = this.shared.dispatcher.serve(this, frame);
    } catch (error) {
      this.failed(error);
    }
    if (work === undefined) {
      this.running--;
    } else {
      this.work = work;
      void this.serveNextAfter(work);
    }
  }

  private async serveNextAfter(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.failed(error);
    }
    if (this.background?.endLate(work) !== true) {
      this.running--;
      this.inOrder = undefined;
    }
    this.goOn();
  }

  /** A request has ended. */
  private goOn(): void {
    if (this.session.isServing) this.serveRequests();
    else this.session.settle();
  }

  /** A request failed, and its client cannot be told. */
  private failed(error: unknown): void {
    this.shared.services.reporter.error(error);
    this.session.destroy();
  }
}
