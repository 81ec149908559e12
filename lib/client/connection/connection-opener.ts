import type { Duplex } from 'node:stream';
import { DEFAULT_HANDSHAKE } from '../../protocol/constants.js';
import { CommunicationError, ConnectionClosedError, PyroError, SecurityError, TimeoutError } from '../../protocol/errors.js';
import { asError } from '../../protocol/safe-text.js';
import type { PyroUri } from '../../protocol/uri.js';
import { type ConnectAddress, locationOf, openSocket } from '../../transport/connector.js';
import { backOff } from './backoff.js';
import { ClientConnection } from './client-connection.js';
import { ConnectionLeases } from '../messages/connection-leases.js';
import { askMetadata, type HandshakeParts, shakeHands } from './client-handshake.js';
import { Deadline } from '../../calls/deadline.js';
import { type NameResolver, waitMsOf } from '../options/name-resolver.js';
import type { ResolvedProxyOptions } from '../options/proxy-options.js';
import { addressOf, allowedAddress, type ProxySender } from '../options/received-proxies.js';
import type { RemoteMetadata } from './remote-metadata.js';

/** A connection that has been let in. */
export interface OpenedConnection {
  connection: ClientConnection;
  /** Id of the object, which a PYRONAME or PYROMETA URI does not say. */
  objectId: string;
  metadata: RemoteMetadata;
  /** Objects of ours that were passed over it. */
  leases: ConnectionLeases;
}

/** What a proxy connects to. */
export interface Destination {
  uri: PyroUri;
  options: ResolvedProxyOptions;
  /** Looks names up. */
  resolve: NameResolver;
  /** Who sent the proxy; undefined: its URI is our own choice. */
  sender: ProxySender | undefined;
}

/** Opens the connections of a proxy, with retries. */
export class ConnectionOpener {
  private hasUsedConnected = false;

  constructor(
    private readonly destination: Destination,
    private readonly handshakeParts: () => HandshakeParts,
    private readonly onEnded: (connection: ClientConnection, error: Error) => void,
  ) {}

  /**
   * Connects, and tries again as long as nobody answers.
   *
   * @throws {ConnectionClosedError | TimeoutError} of the last attempt, when all failed
   * @throws {CommunicationError} at once, when the daemon rejects us
   * @throws the reason of `signal` when it is aborted
   */
  async open(signal: AbortSignal): Promise<OpenedConnection> {
    const { maxRetries } = this.destination.options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(signal);
      } catch (error) {
        const worthRetrying = error instanceof ConnectionClosedError || error instanceof TimeoutError;
        if (signal.aborted || !worthRetrying || attempt > maxRetries) throw error;
        await backOff(attempt, this.destination.options, signal);
      }
    }
  }

  private async attempt(signal: AbortSignal): Promise<OpenedConnection> {
    const { uri, options } = this.destination;
    const { connectTimeoutMs, nameServer } = options;
    const timeoutMs = connectTimeoutMs + (uri.protocol === 'PYRO' ? 0 : waitMsOf(nameServer));
    const attempt = new AbortController();
    const late = (): void =>
      attempt.abort(
        new TimeoutError(`cannot connect to ${uri}: no answer within connectTimeoutMs (${timeoutMs} ms)`, { sent: false }),
      );
    const onAbort = (): void => attempt.abort(signal.reason);
    const timer = setTimeout(late, timeoutMs);
    signal.addEventListener('abort', onAbort);
    try {
      return await this.connect(attempt.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  private async connect(signal: AbortSignal): Promise<OpenedConnection> {
    const { options } = this.destination;
    const { uri, address } = await raced(this.locate(signal), signal);
    const socket = await this.openSocket(address, signal);
    const leases = new ConnectionLeases(options.autoproxy);
    const connection = new ClientConnection(socket, locationOf(address), options, (ended, error) => {
      leases.end();
      this.onEnded(ended, error);
    });
    const introduce = options.connectedSocket ? askMetadata : shakeHands;
    // an end of its own: the connection is lost when the attempt is
    const deadline = new Deadline('connecting', 0, signal);
    try {
      const metadata = await raced(introduce(connection, uri, this.handshakeParts(), deadline), signal);
      return { connection, objectId: uri.object, metadata, leases };
    } catch (error) {
      if (error instanceof CommunicationError) error.sent = false;
      connection.drop(error as Error);
      throw error;
    } finally {
      deadline.end();
    }
  }

  private async openSocket(address: ConnectAddress, signal: AbortSignal): Promise<Duplex> {
    const { openSocket: ownSocket, connectedSocket, tls, keepAliveMs } = this.destination.options;
    if (connectedSocket) return this.useConnected(connectedSocket);
    if (!ownSocket) return openSocket(address, { tls: tls === true ? {} : tls || undefined, keepAliveMs, signal });
    const opening = (async () => ownSocket(address, signal))();
    try {
      return await raced(opening, signal);
    } catch (error) {
      // it may open when nobody waits for it any more
      opening.then(
        (late) => late.destroy(),
        () => undefined,
      );
      const cause = asError(error);
      if (signal.aborted || cause instanceof PyroError) throw cause;
      throw new ConnectionClosedError(`cannot connect to ${locationOf(address)}: ${cause.message}`, { cause, sent: false });
    }
  }

  private useConnected(socket: Duplex): Duplex {
    if (this.hasUsedConnected || socket.destroyed) {
      const message = 'connectedSocket has ended, or carries another call: there is only this one connection';
      throw new CommunicationError(message, { sent: false });
    }
    this.hasUsedConnected = true;
    return socket;
  }

  /** Where the object is. What somebody else chose must be allowed, be it a received proxy's place or where a name led to. */
  private async locate(signal: AbortSignal): Promise<{ uri: PyroUri; address: ConnectAddress }> {
    const { uri, options, resolve, sender } = this.destination;
    const { receivedProxies, handshake, tls, nameServer = {} } = options;
    if (sender && uri.protocol === 'PYRO') {
      return { uri, address: await allowedAddress(uri, sender, receivedProxies, 'a received proxy may not connect') };
    }
    if (uri.protocol === 'PYRO') return { uri, address: addressOf(uri) };
    if (sender && !receivedProxies?.(uri, sender)) {
      throw new SecurityError(`a received proxy may not look up ${uri}; allow it with receivedProxies`);
    }
    const { uri: found, givenBy } = await resolve(uri, nameServer, signal);
    const isSecret = handshake !== DEFAULT_HANDSHAKE && !tls;
    if (!isSecret) return { uri: found, address: addressOf(found) };
    const what = 'without tls, handshake data may not be sent to where a name led:';
    return { uri: found, address: await allowedAddress(found, givenBy, receivedProxies, what) };
  }
}

/** What cannot be given up by itself (`validateHandshake`, DNS) must not outlast the attempt. */
async function raced<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort!);
  }
}
