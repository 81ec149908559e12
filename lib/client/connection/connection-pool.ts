import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';
import { currentCall, type CurrentCall } from '../../calls/current-call.js';
import type { ClientConnection } from './client-connection.js';
import type { OpenedConnection } from './connection-opener.js';
import type { Deadline } from '../../calls/deadline.js';
import { NestedCalls } from './nested-calls.js';
import type { ProxyScope } from './proxy-scope.js';

export interface PoolOptions {
  poolSize: number;
  maxQueuedCalls: number;
  idleTimeoutMs: number;
}

interface Waiter {
  /** A stream wants the connection that opened it, as long as there is one. */
  wanted: ClientConnection | undefined;
  /** False: it only waits until there is a connection, be it a busy one. */
  takes: boolean;
  deadline: Deadline;
  /** The call that is served where this one is made. */
  madeIn: CurrentCall | undefined;
  resolve(opened: OpenedConnection): void;
  reject(error: Error): void;
}

type Lifecycle = 'open' | 'released';

/** Calls within calls, one inside the other, for which there are connections beyond `poolSize`. */
const MAX_NESTING = 16;

/**
 * The connections of a proxy: handed out to one call at a time, opened when more are needed, bounded in number and in how
 * many calls may wait.
 */
export class ConnectionPool {
  private readonly members = new Map<ClientConnection, OpenedConnection>();
  private readonly free: OpenedConnection[] = [];
  private readonly waiting = new Set<Waiter>();
  private readonly opening = new Set<AbortController>();
  private readonly nestedCalls = new NestedCalls();
  /** Members beyond `poolSize`, which end with their call. */
  private readonly nested = new Set<ClientConnection>();
  private readonly openingNested = new Set<AbortController>();
  private lifecycle: Lifecycle = 'open';
  private idleTimer: NodeJS.Timeout | undefined;

  /** @param scope that the proxy belongs to, if any */
  constructor(
    private readonly options: PoolOptions,
    private readonly open: (signal: AbortSignal) => Promise<OpenedConnection>,
    private readonly onOpened: (opened: OpenedConnection) => void,
    private readonly scope: ProxyScope | undefined,
  ) {}

  get isConnected(): boolean {
    return this.members.size > 0;
  }

  has(connection: ClientConnection): boolean {
    return this.members.has(connection);
  }

  /** Takes connections again after {@link release}. */
  reopen(): void {
    this.lifecycle = 'open';
  }

  /**
   * A connection for one call; {@link giveBack} it.
   *
   * @param wanted when it is still there, no other connection will do
   * @throws {CommunicationError} when `maxQueuedCalls` are waiting, or no connection can be opened
   * @throws what the deadline says, when it comes first
   */
  take(deadline: Deadline, wanted?: ClientConnection): OpenedConnection | Promise<OpenedConnection> {
    if (this.lifecycle === 'released') throw released();
    if (deadline.failure !== undefined) throw deadline.failure;
    const needed = wanted && this.members.has(wanted) ? wanted : undefined;
    // a connection is free only when nobody waits who would take it
    const at = needed ? this.free.findIndex(({ connection }) => connection === needed) : this.free.length - 1;
    const madeIn = currentCall();
    if (at >= 0) return this.lend(this.free.splice(at, 1)[0]!, madeIn);
    if (madeIn && this.nestedCalls.isNested(madeIn, this.members.keys())) return this.openNested(deadline, madeIn);
    const { maxQueuedCalls } = this.options;
    if (this.waiting.size >= maxQueuedCalls) {
      throw new CommunicationError(`too many calls wait for a connection (maxQueuedCalls is ${maxQueuedCalls})`, { sent: false });
    }
    return this.wait({ wanted: needed, takes: true, deadline, madeIn });
  }

  /** Opens a connection, unless there is one; it may be busy. Throws as {@link take} does. */
  async connect(deadline: Deadline): Promise<void> {
    if (this.members.size === 0) await this.wait({ wanted: undefined, takes: false, deadline, madeIn: undefined });
  }

  giveBack(opened: OpenedConnection): void {
    this.nestedCalls.givenBack(opened.connection);
    if (this.nested.has(opened.connection)) return opened.connection.release(notNeeded());
    if (!opened.connection.isFree || this.lifecycle === 'released') return;
    this.offer(opened);
    this.watchIdle();
  }

  /** Ends the connections that no call uses; the next call opens another. */
  endIdle(): void {
    for (const { connection } of this.free.splice(0)) connection.release(notNeeded());
  }

  /**
   * The connection has ended: who wanted it takes any other.
   *
   * @returns false when it was none of the pool's
   */
  remove(connection: ClientConnection): boolean {
    if (!this.members.delete(connection)) return false;
    this.nested.delete(connection);
    this.nestedCalls.givenBack(connection);
    this.scope?.leave(this);
    if (this.members.size === 0) this.stopWatchingIdle();
    const free = this.free.splice(0).filter((opened) => opened.connection !== connection);
    for (const waiter of this.waiting) if (waiter.wanted === connection) waiter.wanted = undefined;
    for (const opened of free) this.offer(opened);
    this.openMore();
    return true;
  }

  /** Ends all connections and refuses what waits; resolves when all sockets are closed. */
  async release(): Promise<void> {
    this.lifecycle = 'released';
    const error = released();
    for (const controller of [...this.opening, ...this.openingNested]) controller.abort(error);
    this.opening.clear();
    this.rejectAll(error);
    const connections = [...this.members.keys()];
    const closed = connections.map((connection) => connection.closed);
    const duringCall = new ConnectionClosedError('the proxy was released during the call');
    for (const connection of connections) connection.release(connection.isFree ? error : duringCall);
    await Promise.all(closed);
  }

  private wait(parts: Pick<Waiter, 'wanted' | 'takes' | 'deadline' | 'madeIn'>): Promise<OpenedConnection> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { ...parts, resolve, reject };
      this.waiting.add(waiter);
      parts.deadline.watch((error) => {
        this.waiting.delete(waiter);
        reject(error);
      });
      this.openMore();
    });
  }

  private settle(waiter: Waiter, opened: OpenedConnection): void {
    this.waiting.delete(waiter);
    waiter.deadline.unwatch();
    if (waiter.takes) this.lend(opened, waiter.madeIn);
    waiter.resolve(opened);
  }

  private lend(opened: OpenedConnection, madeIn: CurrentCall | undefined): OpenedConnection {
    this.nestedCalls.lent(opened.connection, madeIn);
    return opened;
  }

  /** Past the queue: who stands in it may wait for the call that this one is part of. */
  private async openNested(deadline: Deadline, madeIn: CurrentCall): Promise<OpenedConnection> {
    const { poolSize } = this.options;
    if (this.nested.size + this.openingNested.size >= MAX_NESTING * poolSize) {
      const message = `too many calls within calls (at most ${MAX_NESTING} for each of poolSize ${poolSize})`;
      throw new CommunicationError(message, { sent: false });
    }
    const refusal = this.scope?.enter(this);
    if (refusal) throw refusal;
    const controller = new AbortController();
    this.openingNested.add(controller);
    deadline.watch((error) => controller.abort(error));
    try {
      const opened = await this.open(controller.signal);
      if (controller.signal.aborted) opened.connection.drop(controller.signal.reason as Error);
      if (!opened.connection.isOpen) throw endedAtOnce(opened.connection);
      this.nested.add(opened.connection);
      this.members.set(opened.connection, opened);
      this.onOpened(opened);
      return this.lend(opened, madeIn);
    } catch (error) {
      this.scope?.leave(this);
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      this.openingNested.delete(controller);
      deadline.unwatch();
    }
  }

  private offer(opened: OpenedConnection): void {
    for (const waiter of this.waiting) {
      if (waiter.wanted !== undefined && waiter.wanted !== opened.connection) continue;
      return this.settle(waiter, opened);
    }
    this.free.push(opened);
  }

  private openMore(): void {
    let wanting = 0;
    for (const { wanted, takes } of this.waiting) {
      if (this.lifecycle === 'released' || this.members.size + this.opening.size >= this.options.poolSize) return;
      if (wanted !== undefined) continue;
      if (takes) wanting++;
      if (Math.max(wanting, 1) > this.opening.size) this.openOne();
    }
  }

  private openOne(): void {
    const refusal = this.scope?.enter(this);
    if (refusal) return this.notOpened(refusal);
    const controller = new AbortController();
    this.opening.add(controller);
    this.open(controller.signal).then(
      (opened) => {
        if (this.opening.delete(controller)) return this.opened(opened);
        this.scope?.leave(this);
        opened.connection.drop(released());
      },
      (error: Error) => {
        this.scope?.leave(this);
        if (this.opening.delete(controller)) this.notOpened(error);
      },
    );
  }

  private opened(opened: OpenedConnection): void {
    const { connection } = opened;
    if (!connection.isOpen) {
      // an end at once is a failure: opening the next one for it could go on for ever
      this.scope?.leave(this);
      return this.notOpened(endedAtOnce(connection));
    }
    this.members.set(connection, opened);
    this.onOpened(opened);
    for (const waiter of this.waiting) if (!waiter.takes) this.settle(waiter, opened);
    this.offer(opened);
    this.watchIdle();
  }

  /** As long as another connection serves them, or may yet, calls go on waiting. */
  private notOpened(error: Error): void {
    if (this.members.size === 0 && this.opening.size === 0) this.rejectAll(error);
  }

  private rejectAll(error: Error): void {
    for (const waiter of this.waiting) {
      waiter.deadline.unwatch();
      waiter.reject(error);
    }
    this.waiting.clear();
  }

  /** One timer for all: connections end when the proxy as a whole has had no call for so long. */
  private watchIdle(): void {
    const { idleTimeoutMs } = this.options;
    if (idleTimeoutMs === 0) return;
    this.idleTimer ??= setTimeout(() => this.endIdle(), idleTimeoutMs).unref();
    this.idleTimer.refresh();
  }

  private stopWatchingIdle(): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = undefined;
  }
}

function endedAtOnce({ location }: ClientConnection): ConnectionClosedError {
  return new ConnectionClosedError(`${location} closed the connection right behind its handshake`, { sent: false });
}

/** Only `onDisconnected` gets to see it: no call uses such a connection. */
function notNeeded(): ConnectionClosedError {
  return new ConnectionClosedError('the connection was not needed any more', { sent: false });
}

function released(): ConnectionClosedError {
  return new ConnectionClosedError('the proxy was released; $connect() takes it up again', { sent: false });
}
