import type { Duplex } from 'node:stream';
import { processWide } from '../../copies/process-wide.js';
import { CommunicationError, ConnectionClosedError, PyroError, TimeoutError } from '../../protocol/errors.js';
import { limitOf } from '../../protocol/over-limit.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import { asError } from '../../protocol/texts/safe-text.js';
import type { Annotations } from '../../protocol/messages/annotations.js';
import { certificateRefusal, locationOf, openSocket } from '../../transport/sockets/connector.js';
import { hostLookups } from '../../transport/sockets/host-lookups.js';
import { hostFault } from '../../transport/sockets/host-name.js';
import { backOff } from './backoff.js';
import { ClientConnection } from './client-connection.js';
import { AutoproxyLeases } from '../messages/autoproxy-leases.js';
import { askMetadata, type HandshakeParts, performHandshake } from './client-handshake.js';
import { outsideOfCalls, runIsolated } from '../../calls/async-context.js';
import { Deadline } from '../../calls/deadline.js';
import { orAborted } from '../../calls/or-aborted.js';
import { Watchdog } from '../../calls/watchdog.js';
import { checkArgument, STREAM } from '../../options/option-checks.js';
import { type NameLookup, waitMsOf } from '../options/name-resolver.js';
import type { ProxySender } from '../options/received-proxies.js';
import { type LocatedObject, locateObject, type SoughtObject } from './located-object.js';
import type { RemoteMetadata } from './remote-metadata.js';

/** A connection after its handshake. */
export interface OpenedConnection {
  connection: ClientConnection;
  /** Id of the object. A PYRONAME or PYROMETA URI does not contain it. */
  objectId: string;
  metadata: RemoteMetadata;
  /** Leases of the objects of this program that were passed over the connection. */
  leases: AutoproxyLeases;
  /** The failure after which the daemon may close the connection. Undefined: there is no doubt about the connection. */
  doubt: string | undefined;
  /** Failures after which the daemon has kept the connection. */
  survived: Set<string> | undefined;
  /** True once a call was sent over the connection. */
  wasUsed: boolean;
  /** Number of item streams that were opened over the connection and are not over. */
  openStreams: number;
  /** The call that uses the connection. */
  call: WatchedCall | undefined;
}

/** A call that uses a connection. */
interface WatchedCall {
  /** The promise that the program has. Undefined: none, or it is not known. */
  readonly outcome?: Promise<unknown> | undefined;
}

/** Follows the connections of a proxy; implemented by `ClientObserver`. */
interface ConnectingObserver {
  step<T>(step: 'connect' | 'lookup', body: (annotations?: Annotations) => Promise<T>): Promise<T>;
  connected(metadata: RemoteMetadata): void;
  disconnected(): void;
}

/** The object that a proxy connects to. */
export interface Destination extends SoughtObject {
  /** Gets the error of each attempt that a limit on what the sender may use has ended. */
  onOverLimit?: ((error: Error, sender: ProxySender) => void) | undefined;
  /** Follows the calls of the proxy. */
  observer?: ConnectingObserver | undefined;
}

/** The time limits of attempts to connect. They keep the process alive: during a name lookup nothing else may do so. */
const limitsOfAttempts = new Watchdog(true);

/** The deadline of one attempt to connect. */
class AttemptDeadline extends Deadline {
  protected override timeoutError(): TimeoutError {
    const message = `cannot connect to ${this.what}: no answer within connectTimeoutMs (${this.timeoutMs} ms)`;
    return new TimeoutError(message, { sent: false });
  }
}

/** Every `connectedSocket` of this program that a proxy uses or has used. */
const usedSockets = processWide('used-sockets', () => new WeakSet<Duplex>());

/**
 * Further attempts, over some 3 s, after connections were closed to make room at a full daemon. A busy daemon notices the closed
 * connections late.
 */
const ROOM_RETRIES = 5;

/** The calls of an opener to the other parts of its proxy. */
export interface OpenerCallbacks {
  handshakeParts(): HandshakeParts;
  /**
   * Closes idle connections of related proxies, or else connections of dropped proxies to `location`. True: some were closed after
   * `since`, the begin of the attempt.
   */
  makeRoom(location: string, since: number): Promise<boolean>;
  onEnded(connection: ClientConnection, error: Error): void;
}

/** Opens the connections of a proxy, with retries. */
export class ConnectionOpener {
  /** The location of the last attempt. */
  private location = '';

  constructor(
    private readonly destination: Destination,
    private readonly callbacks: OpenerCallbacks,
  ) {}

  /**
   * Opens a connection. If no daemon answers, tries again up to `maxRetries` times.
   *
   * This retries connecting only; calls are repeated by the call runner. When a daemon is full, connections are closed to make room, and
   * connecting is tried again until the daemon has noticed.
   *
   * @param onFailedAttempt gets the error of each attempt to connect or to look up a name that is followed by another attempt
   * @throws {ConnectionClosedError | TimeoutError} of the last attempt, when all attempts failed
   * @throws {CommunicationError} when the daemon rejects the handshake
   * @throws the reason of `signal` when the signal is aborted
   */
  async open(signal: AbortSignal, onFailedAttempt: (error: Error) => void): Promise<OpenedConnection> {
    const { maxRetries } = this.destination.options;
    let hasMadeRoom = false;
    for (let attempt = 1; ; attempt++) {
      const begun = performance.now();
      try {
        return await this.openOnce(signal, onFailedAttempt);
      } catch (error) {
        const isFull = error instanceof CommunicationError && error.code === 'DAEMON_FULL';
        if (attempt > (isFull ? ROOM_RETRIES : maxRetries)) throw error;
        if (isFull) hasMadeRoom = (await orAborted(this.callbacks.makeRoom(this.location, begun), signal)) || hasMadeRoom;
        const isUnanswered = error instanceof ConnectionClosedError || error instanceof TimeoutError;
        if (signal.aborted || !(isFull ? hasMadeRoom : isUnanswered)) throw error;
        onFailedAttempt(error as Error);
        await backOff(attempt, this.destination.options, signal);
      }
    }
  }

  /** Makes one attempt to connect, within `connectTimeoutMs`. */
  private async openOnce(signal: AbortSignal, onFailedAttempt: (error: Error) => void): Promise<OpenedConnection> {
    const { uri, options } = this.destination;
    const { connectTimeoutMs, nameServer } = options;
    const timeoutMs = connectTimeoutMs + (uri.protocol === 'PYRO' ? 0 : waitMsOf(nameServer));
    const attempt = new AbortController();
    const deadline = new AttemptDeadline(peerText(String(uri)), timeoutMs, signal, limitsOfAttempts);
    deadline.begin();
    deadline.watch({ drop: (error) => attempt.abort(error) });
    try {
      const { observer } = this.destination;
      const connect = (): Promise<OpenedConnection> => this.connect({ signal: attempt.signal, onFailedAttempt });
      return await (observer === undefined ? connect() : observer.step('connect', connect));
    } catch (error) {
      const { sender, onOverLimit } = this.destination;
      if (sender && limitOf(error) === 'maxHostLookups') onOverLimit?.(error as Error, sender);
      throw error;
    } finally {
      deadline.end();
    }
  }

  private async connect(lookup: NameLookup): Promise<OpenedConnection> {
    const { signal } = lookup;
    const { options } = this.destination;
    const located = await orAborted(locateObject(this.destination, lookup), signal);
    const { uri, address } = located;
    this.location = locationOf(address);
    const socket = await this.openSocket(located, signal);
    const leases = new AutoproxyLeases(options.autoproxy);
    const connection = new ClientConnection(socket, this.location, options, (ended, error) => {
      leases.end();
      this.callbacks.onEnded(ended, error);
    });
    const handshake = options.connectedSocket ? askMetadata : performHandshake;
    // without a time limit: `signal` ends the handshake with the attempt
    const deadline = new Deadline('connecting', 0, signal);
    deadline.begin();
    try {
      const metadata = await orAborted(handshake(connection, uri, this.callbacks.handshakeParts(), deadline), signal);
      const use = { doubt: undefined, survived: undefined, wasUsed: false, openStreams: 0, call: undefined };
      return { connection, objectId: uri.object, metadata, leases, ...use };
    } catch (error) {
      const failure = certificateRefusal(address, error) ?? (error as Error);
      if (failure instanceof CommunicationError) failure.sent = false;
      connection.drop(failure);
      throw failure;
    } finally {
      deadline.end();
    }
  }

  private async openSocket({ address, hostChooser }: LocatedObject, signal: AbortSignal): Promise<Duplex> {
    const { openSocket: ownSocket, connectedSocket, tls, keepAliveMs } = this.destination.options;
    if (connectedSocket) return this.useConnected(connectedSocket);
    if (!ownSocket) {
      const lookup = hostChooser && hostLookups().forSocket(hostChooser, signal);
      return openSocket(address, { tls: tls === true ? {} : tls || undefined, keepAliveMs, signal, lookup });
    }
    const fault = hostChooser && 'host' in address ? hostFault(address.host) : undefined;
    if (fault !== undefined)
      throw new CommunicationError(`cannot connect to ${peerText(this.location)}: ${fault}`, { sent: false });
    const opening = outsideOfCalls(() => runIsolated(async () => ownSocket(address, signal)));
    try {
      const opened = await orAborted(opening, signal);
      checkArgument('the result of openSocket', opened, STREAM);
      return opened;
    } catch (error) {
      // the stream may still open after the attempt was given up
      opening.then((late) => late.destroy()).catch(() => undefined);
      const cause = asError(error);
      if (signal.aborted || cause instanceof PyroError) throw cause;
      throw new ConnectionClosedError(`cannot connect to ${peerText(this.location)}: ${cause.message}`, { cause, sent: false });
    }
  }

  private useConnected(socket: Duplex): Duplex {
    if (usedSockets.has(socket) || socket.destroyed) {
      const message =
        'connectedSocket has ended or is in use; it carries one call at a time, of one proxy, whose $release() closes it';
      throw new CommunicationError(message, { sent: false });
    }
    usedSockets.add(socket);
    return socket;
  }
}
