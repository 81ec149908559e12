import { CorrelationIds } from '../../calls/correlation-id.js';
import { ConnectionOpener, type Destination } from '../connection/connection-opener.js';
import { ConnectionPool } from '../connection/connection-pool.js';
import { droppedProxies } from '../connection/dropped-proxies.js';
import { type ConnectionEnds, endsOf } from '../connection/peer-address.js';
import type { ProxyGroup } from '../connection/proxy-group.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.js';
import { warnIfItFails } from '../../reports/warning.js';
import { ProxySerializers } from '../messages/proxy-serializers.js';

/**
 * The connections of a proxy, and the metadata of its object from the last handshake.
 *
 * Open sockets refer to this object. So nothing here refers to the proxy, or the proxy could not be garbage-collected while it is
 * connected.
 */
export class ProxyConnections {
  readonly pool: ConnectionPool;
  readonly correlationIds = new CorrelationIds();
  /** Addresses of the connection that was opened last. */
  ends: ConnectionEnds | undefined;
  private madeSerializers: ProxySerializers | undefined;

  /**
   * @param metadata metadata that is known before the first connection; later the metadata of the last handshake
   * @param group the group that the proxy belongs to, if any
   */
  constructor(
    private readonly destination: Destination,
    public metadata: RemoteMetadata | undefined,
    group: ProxyGroup | undefined,
  ) {
    const { options, sender, observer } = destination;
    const opener = new ConnectionOpener(destination, {
      handshakeParts: () => ({ options, serializers: this.serializers, correlationIds: this.correlationIds }),
      makeRoom: async (location, since) => (group?.endIdle() ?? false) || droppedProxies.closeThoseTo(location, since),
      onEnded: (connection, error) => {
        const { onDisconnected } = options;
        if (!this.pool.remove(connection)) return;
        if (!this.pool.isConnected) droppedProxies.hasDisconnected(this.pool);
        observer?.disconnected();
        if (onDisconnected) tellLater(() => onDisconnected(error));
      },
    });
    this.pool = new ConnectionPool(options, {
      open: (signal, onFailedAttempt) => opener.open(signal, onFailedAttempt),
      onOpened: (opened) => {
        this.metadata = opened.metadata;
        this.ends = endsOf(opened.connection);
        droppedProxies.hasConnected(this.pool);
        observer?.connected(opened.metadata);
        const { onConnected } = options;
        if (onConnected) tellLater(() => onConnected());
      },
      group,
      keepsProcessAlive: sender === undefined,
      keepsContexts: observer !== undefined || hasHooks(options),
    });
  }

  get isReceived(): boolean {
    return this.destination.sender !== undefined;
  }

  /** Made at first use: many received proxies are never called. */
  get serializers(): ProxySerializers {
    return (this.madeSerializers ??= new ProxySerializers(this.destination.options));
  }
}

/** True when connecting calls functions of the program that see the stores of the call. */
function hasHooks(options: ResolvedProxyOptions): boolean {
  const { validateHandshake, onConnected, annotations, onAnnotations, receivedProxies } = options;
  return [validateHandshake, onConnected, annotations, onAnnotations, receivedProxies].some((hook) => typeof hook === 'function');
}

/** Calls a callback of the program in a microtask, so that the callback does not interrupt the pool. */
function tellLater(callback: () => void): void {
  queueMicrotask(() => warnIfItFails(callback));
}
