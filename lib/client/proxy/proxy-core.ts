import type { ClientObserver } from '../call/client-observer.js';
import { DEFAULT_HANDSHAKE } from '../../protocol/constants.js';
import { ProxyReference } from '../../protocol/proxy-reference.js';
import { errorOfCaller } from '../messages/reply-reader.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { Destination } from '../connection/connection-opener.js';
import type { PoolUse } from '../connection/connection-pool.js';
import { droppedProxies } from '../connection/dropped-proxies.js';
import type { ConnectionEnds } from '../connection/peer-address.js';
import { ProxyGroup } from '../connection/proxy-group.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import { Deadline } from '../../calls/deadline.js';
import { CallRunner } from '../call/call-runner.js';
import type { ProxySender } from '../options/received-proxies.js';
import { ProxyConnections } from './proxy-connections.js';

/** The parts of a core. */
export interface ProxyCoreParts {
  /** Follows the calls of the proxy. */
  observer: ClientObserver | undefined;
  destination: Destination;
  /** Aborts {@link ProxyCore.connect}. */
  signal: AbortSignal | undefined;
  /** Metadata that is known before the first connection. */
  metadata: RemoteMetadata | undefined;
  /** The serializer that was chosen for the proxy; undefined: the default of whoever makes the call. */
  chosenSerializer: string | undefined;
  /** Makes a proxy that was received in a reply, in the group of received proxies. */
  makeProxy(reference: ProxyReference, sender: ProxySender, group: ProxyGroup): unknown;
  /** The group that the proxy belongs to, if any. */
  group: ProxyGroup | undefined;
}

/**
 * At this number of connections of received proxies, idle connections are closed. The number is small compared with the 80 threads of a
 * Python server.
 */
const MAX_RECEIVED = { maxConnections: 32, isStrict: false };

/** The state behind a proxy: its connections, and the metadata of its object. The proxies that `$with` makes share one core. */
export class ProxyCore {
  /** Runs the calls of the proxy. */
  readonly calls: CallRunner;
  private readonly connections: ProxyConnections;
  /** The proxies in the results of this proxy's calls. */
  private received: ProxyGroup | undefined;

  constructor(private readonly parts: ProxyCoreParts) {
    const { destination, metadata, group } = parts;
    this.connections = new ProxyConnections(destination, metadata, group);
    this.calls = new CallRunner(
      destination.options,
      this.connections,
      (reference, sender) => {
        this.received ??= group?.subgroup() ?? new ProxyGroup(MAX_RECEIVED);
        return parts.makeProxy(reference, sender, this.received);
      },
      parts.observer,
    );
    // A proxy, its streams and its running calls refer to its CallRunner, and sockets do not. A connected socket belongs to the program
    // that gave it.
    if (!destination.options.connectedSocket) droppedProxies.closeAfter(this.calls, this.connections.pool);
  }

  get uri(): PyroUri {
    return this.parts.destination.uri;
  }

  /** Metadata from the last handshake. */
  get metadata(): RemoteMetadata | undefined {
    return this.connections.metadata;
  }

  /** Addresses of the connection that was opened last. */
  get ends(): ConnectionEnds | undefined {
    return this.connections.ends;
  }

  get isConnected(): boolean {
    return this.connections.pool.isConnected;
  }

  get poolUse(): PoolUse {
    return this.connections.pool.use;
  }

  /** The reference that is sent when the proxy is passed to a peer. It has the handshake data only with `shareHandshake`. */
  get reference(): ProxyReference {
    const { shareHandshake, handshake } = this.parts.destination.options;
    const { oneway, methods, attrs } = this.metadata ?? {};
    const shared = shareHandshake ? handshake : DEFAULT_HANDSHAKE;
    return new ProxyReference(this.uri, oneway, methods, attrs, shared, this.parts.chosenSerializer);
  }

  /** Connects, if there is no connection. @throws the failure of the deadline, when the deadline comes first */
  async connect(deadline = new Deadline('connecting', 0, this.parts.signal)): Promise<void> {
    const { pool } = this.connections;
    while (pool.releaseEnd) await pool.releaseEnd;
    pool.reopen();
    deadline.begin();
    try {
      await pool.connect(deadline);
    } catch (error) {
      throw error === deadline.failure ? error : errorOfCaller(error);
    } finally {
      deadline.end();
    }
  }

  /** Closes the connections of this proxy, and of the proxies in its results. */
  async release(): Promise<void> {
    await Promise.all([this.connections.pool.release(), this.received?.closeAfterCalls()]);
  }
}
