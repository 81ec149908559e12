import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';
import { currentCall, type CurrentCall } from '../../calls/current-call.js';
import type { ClientConnection } from './client-connection.js';
import type { OpenedConnection } from './connection-opener.js';
import type { Deadline } from '../../calls/deadline.js';
import { NestedCalls } from './nested-calls.js';
import type { ProxyGroup } from './proxy-group.js';

export interface PoolOptions {
  poolSize: number;
  maxQueuedCalls: number;
  idleTimeoutMs: number;
}

interface Waiter {
  /** A stream waits for the connection that opened it, as long as that is open. */
  wanted: ClientConnection | undefined;
  /** False: waits only until some connection is open, even if busy. */
  takes: boolean;
  deadline: Deadline;
  /** The served call in which this call is made. */
  madeIn: CurrentCall | undefined;
  resolve(opened: OpenedConnection): void;
  reject(error: Error): void;
}

type PoolState = 'open' | 'released';

/** Deepest nesting of calls. Each level may open `poolSize` connections beyond the pool's own. */
const MAX_NESTING = 16;

/**
 * The connections of a proxy.
 *
 * Each connection runs one call at a time. The pool opens connections when calls need them, up to `poolSize`; further calls wait in
 * a queue of at most `maxQueuedCalls`. Nested calls do not wait: see {@link NestedCalls}.
 */
export class ConnectionPool {
  private readonly members = new Map<ClientConnection, OpenedConnection>();
  private readonly free: OpenedConnection[] = [];
  private readonly waiting = new Set<Waiter>();
  private readonly opening = new Set<AbortController>();
  private readonly nestedCalls = new NestedCalls();
  /** Members beyond `poolSize`, each for one nested call. They are closed after the call. */
  private readonly nested = new Set<ClientConnection>();
  private readonly openingNested = new Set<AbortController>();
  private state: PoolState = 'open';
  private idleTimer: NodeJS.Timeout | undefined;

  /** @param group the group that the proxy belongs to, if any */
  constructor(
    private readonly options: PoolOptions,
    private readonly open: (signal: AbortSignal) => Promise<OpenedConnection>,
    private readonly onOpened: (opened: OpenedConnection) => void,
    private readonly group: ProxyGroup | undefined,
  ) {}

  get isConnected(): boolean {
    return this.members.size > 0;
  }

  has(connection: ClientConnection): boolean {
    return this.members.has(connection);
  }

  /** Allows connections again after {@link release}. */
  reopen(): void {
    this.state = 'open';
  }

  /**
   * Takes a connection for one call; {@link giveBack} must follow.
   *
   * @param wanted if this connection is still open, the call must use it
   * @throws {CommunicationError} when `maxQueuedCalls` calls are waiting, or no connection can be opened
   * @throws the failure of the deadline, when the deadline comes first
   */
  take(deadline: Deadline, wanted?: ClientConnection): OpenedConnection | Promise<OpenedConnection> {
    if (this.state === 'released') throw released();
    if (deadline.failure !== undefined) throw deadline.failure;
    const needed = wanted && this.members.has(wanted) ? wanted : undefined;
    // a connection is in `free` only when no waiting call can use it
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

  /** Opens a connection, unless one is open, even if busy. Throws the same errors as {@link take}. */
  async connect(deadline: Deadline): Promise<void> {
    if (this.members.size === 0) await this.wait({ wanted: undefined, takes: false, deadline, madeIn: undefined });
  }

  giveBack(opened: OpenedConnection): void {
    this.nestedCalls.givenBack(opened.connection);
    if (this.nested.has(opened.connection)) return opened.connection.release(notNeeded());
    if (!opened.connection.isFree || this.state === 'released') return;
    this.offer(opened);
    this.watchIdle();
  }

  /** Closes the connections that no call uses. The next call opens a new one. */
  endIdle(): void {
    for (const { connection } of this.free.splice(0)) connection.release(notNeeded());
  }

  /**
   * Called when a connection has ended. A call that waits for this connection then takes any other.
   *
   * @returns false when the connection was not in the pool
   */
  remove(connection: ClientConnection): boolean {
    if (!this.members.delete(connection)) return false;
    this.nested.delete(connection);
    this.nestedCalls.givenBack(connection);
    this.group?.connectionClosed(this);
    if (this.members.size === 0) this.stopWatchingIdle();
    const free = this.free.splice(0).filter((opened) => opened.connection !== connection);
    for (const waiter of this.waiting) if (waiter.wanted === connection) waiter.wanted = undefined;
    for (const opened of free) this.offer(opened);
    this.openMore();
    return true;
  }

  /** Closes all connections and rejects waiting calls; resolves when all sockets are closed. */
  async release(): Promise<void> {
    this.state = 'released';
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

  /** Notes in which served call the connection is used. */
  private lend(opened: OpenedConnection, madeIn: CurrentCall | undefined): OpenedConnection {
    this.nestedCalls.taken(opened.connection, madeIn);
    return opened;
  }

  /** Opens a connection for a nested call. The call skips the queue: the calls in the queue may wait for the call that it is nested in. */
  private async openNested(deadline: Deadline, madeIn: CurrentCall): Promise<OpenedConnection> {
    const { poolSize } = this.options;
    if (this.nested.size + this.openingNested.size >= MAX_NESTING * poolSize) {
      const message = `too many calls within calls (at most ${MAX_NESTING} for each of poolSize ${poolSize})`;
      throw new CommunicationError(message, { sent: false });
    }
    const refusal = this.group?.openConnection(this);
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
      this.group?.connectionClosed(this);
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      this.openingNested.delete(controller);
      deadline.unwatch();
    }
  }

  /** Gives a free connection to the first waiting call that can use it. */
  private offer(opened: OpenedConnection): void {
    for (const waiter of this.waiting) {
      if (waiter.wanted !== undefined && waiter.wanted !== opened.connection) continue;
      return this.settle(waiter, opened);
    }
    this.free.push(opened);
  }

  /** Opens as many connections as waiting calls need and `poolSize` allows. */
  private openMore(): void {
    let wanting = 0;
    for (const { wanted, takes } of this.waiting) {
      if (this.state === 'released' || this.members.size + this.opening.size >= this.options.poolSize) return;
      if (wanted !== undefined) continue;
      if (takes) wanting++;
      if (Math.max(wanting, 1) > this.opening.size) this.openOne();
    }
  }

  private openOne(): void {
    const refusal = this.group?.openConnection(this);
    if (refusal) return this.notOpened(refusal);
    const controller = new AbortController();
    this.opening.add(controller);
    this.open(controller.signal).then(
      (opened) => {
        if (this.opening.delete(controller)) return this.opened(opened);
        this.group?.connectionClosed(this);
        opened.connection.drop(released());
      },
      (error: Error) => {
        this.group?.connectionClosed(this);
        if (this.opening.delete(controller)) this.notOpened(error);
      },
    );
  }

  private opened(opened: OpenedConnection): void {
    const { connection } = opened;
    if (!connection.isOpen) {
      // the daemon closed the connection at once: without this error, opening the next one could go on for ever
      this.group?.connectionClosed(this);
      return this.notOpened(endedAtOnce(connection));
    }
    this.members.set(connection, opened);
    this.onOpened(opened);
    for (const waiter of this.waiting) if (!waiter.takes) this.settle(waiter, opened);
    this.offer(opened);
    this.watchIdle();
  }

  /** Rejects the waiting calls, unless another connection is open or is being opened. */
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

  /** Restarts the idle timer. The pool has one timer: idle connections are closed when no connection was used for `idleTimeoutMs`. */
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

/** The error of an idle connection that is closed. Only `onDisconnected` gets it. */
function notNeeded(): ConnectionClosedError {
  return new ConnectionClosedError('the connection was not needed any more', { sent: false });
}

function released(): ConnectionClosedError {
  return new ConnectionClosedError('the proxy was released; $connect() takes it up again', { sent: false });
}
