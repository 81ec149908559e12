import { CommunicationError, ConnectionClosedError } from '../protocol/errors.js';
import type { ClientConnection } from './client-connection.js';
import type { OpenedConnection } from './connection-opener.js';
import type { Deadline } from './deadline.js';
import type { ProxyScope } from './proxy-scope.js';

export interface PoolOptions {
  poolSize: number;
  maxQueuedCalls: number;
  idleTimeoutMs: number;
}

interface Waiter {
  /** A stream wants the connection that opened it, as long as there is one. */
  wanted: ClientConnection | undefined;
  deadline: Deadline;
  resolve(opened: OpenedConnection): void;
  reject(error: Error): void;
}

type Lifecycle = 'open' | 'released';

/**
 * The connections of a proxy: handed out to one call at a time, opened when more are needed, bounded in number and in how
 * many calls may wait.
 */
export class ConnectionPool {
  private readonly members = new Map<ClientConnection, OpenedConnection>();
  private readonly free: OpenedConnection[] = [];
  private readonly waiting = new Set<Waiter>();
  private readonly opening = new Set<AbortController>();
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
    if (at >= 0) return this.free.splice(at, 1)[0]!;
    const { maxQueuedCalls } = this.options;
    if (this.waiting.size >= maxQueuedCalls) {
      throw new CommunicationError(`too many calls wait for a connection (maxQueuedCalls is ${maxQueuedCalls})`, { sent: false });
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { wanted: needed, deadline, resolve, reject };
      this.waiting.add(waiter);
      deadline.watch((error) => {
        this.waiting.delete(waiter);
        reject(error);
      });
      this.openMore();
    });
  }

  giveBack(opened: OpenedConnection): void {
    if (!opened.connection.isFree || this.lifecycle === 'released') return;
    this.offer(opened);
    this.watchIdle();
  }

  /** Ends the connections that no call uses; the next call opens another. */
  endIdle(): void {
    const idle = new ConnectionClosedError('the connection was idle', { sent: false });
    for (const { connection } of this.free.splice(0)) connection.release(idle);
  }

  /** The connection has ended: who wanted it takes any other. */
  remove(connection: ClientConnection): void {
    if (!this.members.delete(connection)) return;
    this.scope?.leave(this);
    if (this.members.size === 0) this.stopWatchingIdle();
    const free = this.free.splice(0).filter((opened) => opened.connection !== connection);
    for (const waiter of this.waiting) if (waiter.wanted === connection) waiter.wanted = undefined;
    for (const opened of free) this.offer(opened);
    this.openMore();
  }

  /** Ends all connections and refuses what waits; resolves when all sockets are closed. */
  async release(): Promise<void> {
    this.lifecycle = 'released';
    const error = released();
    for (const controller of this.opening) controller.abort(error);
    this.opening.clear();
    this.rejectAll(error);
    const connections = [...this.members.keys()];
    const closed = connections.map((connection) => connection.closed);
    for (const connection of connections) connection.release(new ConnectionClosedError('the proxy was released during the call'));
    await Promise.all(closed);
  }

  private offer(opened: OpenedConnection): void {
    for (const waiter of this.waiting) {
      if (waiter.wanted !== undefined && waiter.wanted !== opened.connection) continue;
      this.waiting.delete(waiter);
      waiter.deadline.unwatch();
      return waiter.resolve(opened);
    }
    this.free.push(opened);
  }

  private openMore(): void {
    const { poolSize } = this.options;
    let wanting = 0;
    for (const waiter of this.waiting) {
      if (waiter.wanted === undefined && ++wanting > this.opening.size) {
        if (this.lifecycle === 'released' || this.members.size + this.opening.size >= poolSize) return;
        this.openOne();
      }
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
      const message = `${connection.location} closed the connection right behind its handshake`;
      return this.notOpened(new ConnectionClosedError(message, { sent: false }));
    }
    this.members.set(connection, opened);
    this.onOpened(opened);
    this.offer(opened);
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

function released(): ConnectionClosedError {
  return new ConnectionClosedError('the proxy was released; $connect() takes it up again', { sent: false });
}
