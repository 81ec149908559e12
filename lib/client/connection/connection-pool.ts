import type { Deadline } from '../../calls/deadline.js';
import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';
import { currentCall, type CurrentCall } from '../../calls/current-call.js';
import type { ClientConnection } from './client-connection.js';
import type { OpenedConnection } from './connection-opener.js';
import { IdleTimer } from './idle-timer.js';
import { NestedCalls } from './nested-calls.js';
import { NestedConnections } from './nested-connections.js';
import type { PoolOptions, PoolParts, PoolUse } from './pool-parts.js';
import { WaitingCalls } from './waiting-calls.js';
import { closeAll, ConnectsAfterRelease, endedAtOnce, notNeeded, released, UnsentCalls } from './releasing.js';

/**
 * - `open`: takes calls.
 * - `releasing`: takes no more calls, and sends the calls that were made before.
 * - `released`: has no connections and takes no calls.
 */
type PoolState = { is: 'open' } | { is: 'releasing'; end: Promise<void> } | { is: 'released' };

/**
 * The connections of a proxy.
 *
 * Each connection runs one call at a time. The pool opens connections when calls need them, up to `poolSize`; further calls wait in
 * a queue of at most `maxQueuedCalls`. Nested calls do not wait: see {@link NestedCalls}.
 */
export class ConnectionPool {
  private readonly members = new Map<ClientConnection, OpenedConnection>();
  private readonly free: OpenedConnection[] = [];
  private readonly waiting: WaitingCalls;
  private readonly opening = new Set<AbortController>();
  private readonly nestedCalls = new NestedCalls();
  private readonly nestedConnections: NestedConnections;
  /** Members to close when their calls have ended, and connections that will be such members once they are open. */
  private readonly leaving = new Set<ClientConnection | AbortController>();
  /** Tells {@link release} whether calls are to be sent. */
  readonly unsentCalls = new UnsentCalls();
  private readonly connects = new ConnectsAfterRelease();
  private state: PoolState = { is: 'open' };
  private readonly idleTimer: IdleTimer;

  constructor(
    private readonly options: PoolOptions,
    private readonly parts: PoolParts,
  ) {
    this.waiting = new WaitingCalls(parts.keepsContexts);
    this.nestedConnections = new NestedConnections(options.poolSize, parts);
    this.idleTimer = new IdleTimer(options.idleTimeoutMs, () => this.endIdle(true));
  }

  get isConnected(): boolean {
    return this.members.size > 0;
  }

  get use(): PoolUse {
    const { size: connections } = this.members;
    return { connections, busy: connections - this.free.length, waiting: this.waiting.size };
  }

  has(connection: ClientConnection): boolean {
    return this.members.has(connection);
  }

  /**
   * Takes a connection for one call; {@link giveBack} must follow.
   *
   * @param wanted if this connection is still open, the call must use it
   * @throws {CommunicationError} when `maxQueuedCalls` calls are waiting, or no connection can be opened
   * @throws the failure of the deadline, when the deadline comes first
   */
  take(deadline: Deadline, wanted?: ClientConnection): OpenedConnection | Promise<OpenedConnection> {
    if (this.state.is !== 'open') throw released();
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

  /**
   * Opens a connection, unless one is open, even if busy. Allows connections again after {@link release}, and waits for a release that is
   * under way. Throws the same errors as {@link take}.
   */
  async connect(deadline: Deadline): Promise<void> {
    if (this.state.is === 'releasing') await this.connects.after(this.state.end, deadline, () => this.reopen(deadline));
    else await this.reopen(deadline);
  }

  giveBack(opened: OpenedConnection): void {
    this.nestedCalls.givenBack(opened.connection);
    const { connection } = opened;
    if (this.leaving.has(connection) || this.nestedConnections.isOver(opened, this.members.values()))
      return connection.release(notNeeded());
    if (!connection.isFree || this.state.is === 'released') return;
    this.offer(opened);
    this.idleTimer.used();
  }

  /**
   * Closes the connections that no call uses. The next call opens a new one. Connections over which objects of this program are
   * leased stay open, because the peer could not call these objects any more.
   *
   * @param sparesStreams true: connections of open item streams stay open, too. A daemon closes a stream some time after its connection
   * @returns true when a connection was closed
   */
  endIdle(sparesStreams = false): boolean {
    const ending = this.free.filter(({ leases, openStreams }) => leases.isEmpty && !(sparesStreams && openStreams > 0));
    for (const { connection } of ending) connection.release(notNeeded());
    return ending.length > 0;
  }

  /** An item stream uses a connection from now on; {@link streamEnded} must follow. */
  streamOpened(connection: ClientConnection): void {
    const opened = this.members.get(connection);
    if (opened) opened.openStreams++;
  }

  streamEnded(connection: ClientConnection): void {
    const opened = this.members.get(connection);
    if (opened === undefined) return;
    opened.openStreams--;
    if (!this.free.includes(opened)) return;
    if (this.nestedConnections.isOver(opened, this.members.values())) connection.release(notNeeded());
    else this.idleTimer.used();
  }

  /** Closes the connections that no call uses at once, and the others after their calls. The next call opens a new connection. */
  async closeAfterCalls(): Promise<void> {
    const free = this.free.map(({ connection }) => connection);
    for (const connection of [...this.members.keys(), ...this.opening]) this.leaving.add(connection);
    this.waiting.endConnections();
    await closeAll(free, notNeeded);
  }

  /** The number of connections to a location that no call uses. */
  idleTo(location: string): number {
    return this.free.filter(({ connection }) => connection.location === location).length;
  }

  /** Called when the proxy was garbage-collected: no call runs, and no call can be made. */
  abandon(): void {
    for (const controller of this.opening) controller.abort(notNeeded());
    this.endIdle();
  }

  /**
   * Called when a connection has ended. A call that waits for this connection then takes any other.
   *
   * @returns false when the connection was not in the pool
   */
  remove(connection: ClientConnection): boolean {
    if (!this.members.delete(connection)) return false;
    this.nestedConnections.ended(connection);
    this.leaving.delete(connection);
    this.nestedCalls.givenBack(connection);
    this.parts.group?.connectionClosed(this);
    if (this.members.size === 0) this.idleTimer.stop();
    const free = this.free.splice(0).filter((opened) => opened.connection !== connection);
    this.waiting.ended(connection);
    for (const opened of free) this.offer(opened);
    this.openMore();
    return true;
  }

  /**
   * Sends the calls that were made before, for at most 10 s, then closes all connections and rejects the calls that wait for a
   * connection or a reply. Resolves when all sockets are closed.
   */
  release(): Promise<void> {
    this.connects.cancel();
    if (this.state.is === 'releasing') return this.state.end;
    this.waiting.reject(released(), ({ takes }) => !takes);
    const sending = this.unsentCalls.untilSent();
    if (sending === undefined) return this.close();
    const end = sending.then(() => this.close());
    this.state = { is: 'releasing', end };
    return end;
  }

  private async close(): Promise<void> {
    this.state = { is: 'released' };
    const error = released();
    for (const controller of this.opening) controller.abort(error);
    this.opening.clear();
    this.nestedConnections.abort(error);
    this.waiting.reject(error);
    const duringCall = new ConnectionClosedError('the proxy was released during the call');
    // the program may have dropped the promise of a call, and released the proxy: that is no reason for Node to end the program
    for (const [{ isFree }, { call }] of this.members) if (!isFree) call?.outcome?.catch(() => undefined);
    await closeAll([...this.members.keys()], ({ isFree }) => (isFree ? error : duringCall));
  }

  private reopen(deadline: Deadline): Promise<unknown> | void {
    this.state = { is: 'open' };
    if (this.members.size === 0) return this.wait({ wanted: undefined, takes: false, deadline, madeIn: undefined });
  }

  private wait(request: Parameters<WaitingCalls['add']>[0]): Promise<OpenedConnection> {
    const opened = this.waiting.add(request);
    this.openMore();
    return opened;
  }

  /** Notes in which served call the connection is used. */
  private lend(opened: OpenedConnection, madeIn: CurrentCall | undefined): OpenedConnection {
    this.nestedCalls.taken(opened.connection, madeIn);
    if (!this.parts.keepsProcessAlive) opened.connection.keepProcessAlive(true);
    return opened;
  }

  /** Opens a connection for a nested call. The call skips the queue: the calls in the queue may wait for the call that it is nested in. */
  private async openNested(deadline: Deadline, madeIn: CurrentCall): Promise<OpenedConnection> {
    const opened = await this.nestedConnections.open(deadline, this);
    this.members.set(opened.connection, opened);
    this.parts.onOpened(opened);
    return this.lend(opened, madeIn);
  }

  /** Gives a free connection to the first waiting call that can use it. */
  private offer(opened: OpenedConnection): void {
    const call = this.waiting.firstFor(opened.connection);
    if (call) {
      call.settle(call.takes ? this.lend(opened, call.madeIn) : opened);
      return;
    }
    this.free.push(opened);
    if (!this.parts.keepsProcessAlive) opened.connection.keepProcessAlive(false);
  }

  /** Opens as many connections as waiting calls need and `poolSize` allows. */
  private openMore(): void {
    let wanting = 0;
    for (const { wanted, takes, inContext } of this.waiting) {
      if (this.state.is === 'released' || this.members.size + this.opening.size >= this.options.poolSize) return;
      if (wanted !== undefined) continue;
      if (takes) wanting++;
      // another call may have ended the connection that this call waits for
      if (Math.max(wanting, 1) > this.opening.size) inContext(() => this.openOne());
    }
  }

  private openOne(): void {
    const { group } = this.parts;
    const refusal = group?.openConnection(this);
    if (refusal) return this.notOpened(refusal);
    const controller = new AbortController();
    this.opening.add(controller);
    if (this.waiting.endsConnections) this.leaving.add(controller);
    this.parts
      .open(controller.signal, (error) => this.waiting.connectFailed(error))
      .then(
        (opened) => {
          const leaves = this.leaving.delete(controller);
          if (this.opening.delete(controller)) return this.opened(opened, leaves);
          group?.connectionClosed(this);
          opened.connection.drop(released());
        },
        (error: Error) => {
          group?.connectionClosed(this);
          this.leaving.delete(controller);
          if (this.opening.delete(controller)) this.notOpened(error);
        },
      );
  }

  private opened(opened: OpenedConnection, leaves: boolean): void {
    const { connection } = opened;
    if (!connection.isOpen) {
      // the daemon closed the connection at once: without this error, opening the next one could go on for ever
      this.parts.group?.connectionClosed(this);
      return this.notOpened(endedAtOnce(connection));
    }
    this.members.set(connection, opened);
    if (leaves) this.leaving.add(connection);
    this.waiting.forgetFailures();
    this.parts.onOpened(opened);
    for (const call of this.waiting) if (!call.takes) call.settle(opened);
    this.offer(opened);
    // the call that wanted the connection has ended
    if (leaves && this.free.includes(opened)) return connection.release(notNeeded());
    this.idleTimer.used();
  }

  /** Rejects the waiting calls, unless another connection is open or is being opened. */
  private notOpened(error: Error): void {
    if (this.members.size > 0 || this.opening.size > 0) return;
    this.waiting.reject(error);
    this.waiting.forgetFailures();
  }
}
