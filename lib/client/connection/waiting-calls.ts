import { captureContext, type RunInContext } from '../../calls/async-context.js';
import type { CurrentCall } from '../../calls/current-call.js';
import type { Deadline, DeadlineWatcher } from '../../calls/deadline.js';
import type { ClientConnection } from './client-connection.js';
import type { OpenedConnection } from './connection-opener.js';

/** The request of a call for a connection of the pool. */
interface ConnectionRequest {
  /** The connection that the call must use while this connection is open: the connection that opened a stream. */
  readonly wanted: ClientConnection | undefined;
  /** True: the call takes a connection. False: it waits only until any connection is open, even if busy. */
  readonly takes: boolean;
  readonly deadline: Deadline;
  /** The served call in which this call is made. */
  readonly madeIn: CurrentCall | undefined;
}

/** A call that waits for a connection. */
export class WaitingCall implements DeadlineWatcher {
  wanted: ClientConnection | undefined;
  /** True: the connection that is opened for the call is to be closed after the call. */
  endsConnection = false;
  readonly takes: boolean;
  readonly madeIn: CurrentCall | undefined;
  readonly deadline: Deadline;

  constructor(
    private readonly queue: Set<WaitingCall>,
    { wanted, takes, deadline, madeIn }: ConnectionRequest,
    private readonly resolve: (opened: OpenedConnection) => void,
    private readonly reject: (error: Error) => void,
    /** Runs a function in the async context of the call. */
    readonly inContext: RunInContext,
  ) {
    this.wanted = wanted;
    this.takes = takes;
    this.madeIn = madeIn;
    this.deadline = deadline;
  }

  /** The call goes on with a connection. */
  settle(opened: OpenedConnection): void {
    this.leave();
    this.resolve(opened);
  }

  /** The call fails. */
  drop(error: Error): void {
    this.leave();
    this.reject(error);
  }

  private leave(): void {
    this.queue.delete(this);
    this.deadline.unwatch();
  }
}

/** The calls that wait for a connection of a pool, in their order. */
export class WaitingCalls {
  private readonly queue = new Set<WaitingCall>();
  private connectError: Error | undefined;

  /** @param keepsContexts true: the calls keep their async contexts. A context takes time */
  constructor(private readonly keepsContexts: boolean) {}

  get size(): number {
    return this.queue.size;
  }

  [Symbol.iterator](): Iterator<WaitingCall> {
    return this.queue.values();
  }

  /**
   * Adds a call to the queue.
   *
   * @returns a promise of the connection
   * @throws the failure of the deadline, when the deadline comes first
   */
  add(request: ConnectionRequest): Promise<OpenedConnection> {
    return new Promise((resolve, reject) => {
      const inContext = this.keepsContexts ? captureContext() : runHere;
      const call = new WaitingCall(this.queue, request, resolve, reject, inContext);
      this.queue.add(call);
      request.deadline.connectError = this.connectError;
      request.deadline.watch(call);
    });
  }

  /** True while calls wait that waited at the last {@link endConnections}. */
  get endsConnections(): boolean {
    for (const { endsConnection } of this.queue) if (endsConnection) return true;
    return false;
  }

  /** Connections that are opened for the calls that wait now are to be closed after them. */
  endConnections(): void {
    for (const call of this.queue) call.endsConnection = true;
  }

  /** The first call that can use a connection. */
  firstFor(connection: ClientConnection): WaitingCall | undefined {
    for (const call of this.queue) if (call.wanted === undefined || call.wanted === connection) return call;
    return undefined;
  }

  /** Called when a connection has ended: the calls that wait for this connection then take any other. */
  ended(connection: ClientConnection): void {
    for (const call of this.queue) if (call.wanted === connection) call.wanted = undefined;
  }

  /** Notes the error of the last attempt to connect, while further attempts follow. */
  connectFailed(error: Error): void {
    this.connectError = error;
    for (const { deadline } of this.queue) deadline.connectFailed(error);
  }

  /** Forgets why attempts to connect failed: a connection is open, or no further attempt follows. */
  forgetFailures(): void {
    this.connectError = undefined;
    for (const { deadline } of this.queue) deadline.connectError = undefined;
  }

  /** Rejects the calls that `isMeant` chooses. */
  reject(error: Error, isMeant: (call: WaitingCall) => boolean = () => true): void {
    for (const call of this.queue) if (isMeant(call)) call.drop(error);
  }
}

function runHere<T>(body: () => T): T {
  return body();
}
