import type { Duplex } from 'node:stream';
import { connectionOfHook } from '../../calls/current-call.js';
import { endsWithin } from '../../calls/deadline.js';
import type { Acceptor } from '../../transport/sockets/acceptor.js';
import { ConnectionGroup } from '../../transport/connection-group.js';
import { Call, currentContext, servedCallOrNone } from '../call/call.js';
import type { DaemonServices } from '../request/daemon-services.js';
import { Dispatcher } from '../call/dispatcher.js';
import { SessionConnection } from '../connection/session-connection.js';
import type { RunningRequest } from '../contract/running-request.js';
import type { PyroTarget } from '../contract/target.js';
import type { ObjectUsers } from '../object/registrations.js';
import { EndingCalls } from './ending-calls.js';
import type { SessionServices } from './serving-session.js';
import { Session, type SessionObserver } from './session.js';
import { type Slot, Slots } from './slots.js';

/** Longest that a call which closes its own daemon may go on. */
const MAX_LAST_CALL_MS = 10_000;

/** The use of a daemon by its sessions. */
const NO_USE = { calls: 0, failedCalls: 0, receivedBytes: 0, sentBytes: 0 };

/** Counts of the sessions of a daemon. They only grow. */
export type SessionTotals = typeof NO_USE & { connectionsOpened: number; connectionsRefused: number };

function addUse(total: typeof NO_USE, { connection, receivedBytes = 0, sentBytes = 0 }: Session): void {
  total.calls += connection.calls;
  total.failedCalls += connection.failures;
  total.receivedBytes += receivedBytes;
  total.sentBytes += sentBytes;
}

/** The sessions of a daemon, from the accepted socket to the clean-up after its close. */
export class Sessions implements SessionObserver, Acceptor<Slot>, ObjectUsers {
  private readonly all = new Set<Session>();
  /** Sessions that passed their handshake. */
  private readonly open = new Set<Session>();
  private readonly cleanUps = new Set<Promise<unknown>>();
  private readonly ending = new EndingCalls();
  /** Resolves when the replies of the calls that closed the daemon have left. Undefined: no call has closed the daemon. */
  lastReplies: Promise<unknown> | undefined;
  /** Of the sessions that have ended. */
  private readonly totals = { connectionsOpened: 0, connectionsRefused: 0, ...NO_USE };
  readonly slots: Slots;
  private readonly shared: SessionServices;

  constructor(private readonly services: DaemonServices) {
    this.slots = new Slots(services.options, services.abandoned, (refusal) => services.limits.note(refusal, undefined));
    this.shared = {
      services,
      dispatcher: new Dispatcher(services),
      group: new ConnectionGroup(services.unsent, services.unserved, services.turns),
    };
  }

  /** Connections that passed their handshake. */
  get connections(): SessionConnection[] {
    return [...this.open].map(({ connection }) => connection);
  }

  /** Sockets of all connections, connections in their handshake included. */
  get sockets(): Duplex[] {
    return [...this.all].map(({ socket }) => socket);
  }

  /** Sessions that passed their handshake, the oldest first. */
  get serving(): Iterable<Session> {
    return this.open;
  }

  forgetAnswers(target: PyroTarget): void {
    if (target.authorize === undefined) return;
    for (const { connection } of this.all) connection.authorizations.forget(target);
  }

  forget(target: PyroTarget): void {
    for (const { connection } of this.all) connection.forget(target);
  }

  requestsOf(target: PyroTarget): RunningRequest[] {
    const requests = new Set<RunningRequest>(this.services.streaming);
    for (const { requests: loop } of this.all) for (const request of loop.pendingRequests) requests.add(request);
    // the first part of a call, before its first promise, is not known to its session
    const current = servedCallOrNone()?.request;
    if (current !== undefined) requests.add(current);
    return [...requests].filter((request) => request.target === target);
  }

  /** Counts of all sessions, ended sessions included. */
  total(): SessionTotals {
    const total = { ...this.totals };
    for (const session of this.all) addUse(total, session);
    return total;
  }

  /** Takes a slot for a client that has connected. {@link enter} or {@link leave} must follow. */
  accept(remoteAddress: string | undefined): Slot | undefined {
    return this.slots.take(remoteAddress);
  }

  /** Starts the session of an accepted client. */
  enter(slot: Slot, socket: Duplex): void {
    this.start(slot, socket);
  }

  leave(slot: Slot): void {
    this.slots.giveBack(slot);
  }

  /** The client failed before it could send a CONNECT message: its TLS handshake failed. */
  refused({ connectionId, address }: Slot, error: Error, socket: Duplex): void {
    const { handshakeTimeoutMs } = this.services.options;
    const session = { close: () => void socket.destroy() };
    const connection = new SessionConnection(connectionId, socket, session, { handshakeTimeoutMs, address });
    address?.failed(performance.now());
    this.services.limits.note(error, connection);
    this.handshakeFailed(error, connection);
  }

  /**
   * Serves a connected socket, without a handshake.
   *
   * @throws the error of `authorize`; the socket is closed then
   */
  serveWithoutHandshake(socket: Duplex, authorize: (connection: SessionConnection) => Promise<void>): Promise<void> {
    return this.start(this.slots.take(undefined)!, socket).serveWithoutHandshake(authorize);
  }

  handshakeFailed(error: Error, connection: SessionConnection): void {
    const { reporter } = this.services;
    const { remoteAddress, requestedObject } = connection;
    this.totals.connectionsRefused++;
    reporter.failures.add(error, { kind: 'handshake', objectId: requestedObject, remoteAddress });
    reporter.emit('handshakeFailed', error, connection, requestedObject);
  }

  opened(session: Session): void {
    this.open.add(session);
    this.totals.connectionsOpened++;
    this.slots.handshakeEnded(session.slot);
    this.services.reporter.emit('connection', session.connection);
  }

  gone({ slot, connection }: Session, error: Error | undefined): void {
    // at once, because the last call of the session may never end
    this.services.limits.note(error, connection);
    this.slots.gone(slot);
  }

  /** Forgets remote addresses that nobody uses any more. Called now and then. */
  sweep(): void {
    this.slots.sweep();
  }

  closed(session: Session, error: Error | undefined): void {
    this.all.delete(session);
    addUse(this.totals, session);
    this.slots.giveBack(session.slot);
    const cleanUp: Promise<unknown> = this.cleanUp(session, error)
      .catch((failure: unknown) => this.services.reporter.error(failure))
      .then(() => this.cleanUps.delete(cleanUp));
    this.cleanUps.add(cleanUp);
  }

  /**
   * Notes which calls wait for the end of the daemon: the call that runs this code, and the calls that it is nested in. Nobody waits for
   * them before the daemon is closed: {@link EndingCalls}.
   */
  noteEndingCalls(): void {
    const call = currentContext();
    const hooked = connectionOfHook();
    if (call === undefined && hooked === undefined) return;
    const readers: readonly object[] = call instanceof Call ? this.services.streams.readersOf(call.request) : [];
    // a call that has ended may have left a timer: then it is not among the running requests
    for (const session of this.all) {
      const { connection, requests } = session;
      const isRunning = (correlationId: string): boolean =>
        requests.pendingRequests.some((pending) => pending.correlationId === correlationId);
      const isOfCall =
        call !== undefined && (isRunning(call.correlationId) || (connection === call.connection && requests.isStarting));
      const isOfHook = session.isBusy && (connection === hooked || readers.includes(connection));
      if (isOfCall || isOfHook) this.ending.add(session);
    }
  }

  /**
   * Takes no more requests. Resolves when the running calls have ended and their replies have left, except calls that wait for the end of
   * the daemon.
   *
   * @returns false when a client reads its replies no more
   */
  async drainAll(): Promise<boolean> {
    const drained = [...this.all].map((session) => this.ending.unlessEnding(session, session.drain()));
    return (await Promise.all(drained)).every(Boolean);
  }

  /**
   * Ends all connections. Resolves when all connections without a running call are closed and cleaned up. A connection whose call waits for
   * the end of the daemon ends after the reply, or after {@link MAX_LAST_CALL_MS}.
   */
  async hangUpAll(when: 'soon' | 'now'): Promise<void> {
    const sessions = [...this.all];
    const last = sessions.filter((session) => this.ending.has(session) && (session.isBusy || session.unsentBytes > 0));
    const others = sessions.filter((session) => !last.includes(session));
    const idle = others.filter((session) => !session.isBusy);
    const closed = idle.map(({ socket }) => new Promise<void>((resolve) => void socket.once('close', () => resolve())));
    for (const session of others) session.hangUp(when);
    if (last.length > 0) this.lastReplies = Promise.all(last.map((session) => this.hangUpAfterCall(session)));
    await Promise.all(closed);
    await Promise.all(this.cleanUps);
  }

  private async hangUpAfterCall(session: Session): Promise<void> {
    await endsWithin(session.drain(), MAX_LAST_CALL_MS);
    session.hangUp('soon');
  }

  private start(slot: Slot, socket: Duplex): Session {
    const session = new Session(slot, socket, this.shared, this);
    this.all.add(session);
    return session;
  }

  /** Users end before what they use: first streams, then the hook of the daemon, then objects, then tracked resources. */
  private async cleanUp(session: Session, error: Error | undefined): Promise<void> {
    const { streams, reporter, daemon, cleanUps } = this.services;
    const { connection } = session;
    const streamsEnded = streams.connectionEnded(connection);
    if (this.open.delete(session)) {
      reporter.run(() => daemon.clientDisconnect(connection));
      reporter.emit('disconnect', connection, error);
    }
    const report = (failure: unknown): void => reporter.error(failure);
    const ended = [...connection.usedTargets].reverse().map(async (target) => target.connectionEnded?.(connection, streamsEnded));
    if (ended.length > 0) await Promise.all(ended.map((end) => end.catch(report)));
    await connection.resources.closeAll((closing, what) => cleanUps.wait(closing, what, connection), report);
  }
}
