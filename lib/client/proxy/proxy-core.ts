import { DEFAULT_HANDSHAKE } from '../../protocol/constants.js';
import { ProxyReference } from '../../protocol/proxy-reference.js';
import type { PyroUri } from '../../protocol/uri.js';
import { ConnectionOpener, type Destination } from '../connection/connection-opener.js';
import { ConnectionPool } from '../connection/connection-pool.js';
import { type ConnectionEnds, endsOf } from '../connection/peer-address.js';
import type { ProxyGroup } from '../connection/proxy-group.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import { CorrelationIds } from '../../calls/correlation-id.js';
import { Deadline } from '../../calls/deadline.js';
import { CallRunner, type ProxyMaker } from '../call/call-runner.js';
import { ProxySerializers } from '../messages/proxy-serializers.js';

/** The parts of a core. */
export interface ProxyCoreParts extends Destination {
  /** Metadata that is known before the first connection. */
  metadata: RemoteMetadata | undefined;
  makeProxy: ProxyMaker;
  /** The group that the proxy belongs to, if any. */
  group: ProxyGroup | undefined;
}

/** The state behind a proxy: its connections, and the metadata of its object. The proxies that `$with` makes share one core. */
export class ProxyCore {
  /** Runs the calls of the proxy. */
  readonly calls: CallRunner;
  /** Metadata from the last handshake. */
  metadata: RemoteMetadata | undefined;
  /** Addresses of the connection that was opened last. */
  ends: ConnectionEnds | undefined;
  private readonly pool: ConnectionPool;

  constructor(private readonly parts: ProxyCoreParts) {
    const { options, metadata, makeProxy, group } = parts;
    this.metadata = metadata;
    // made at first use: many received proxies are never called
    let made: ProxySerializers | undefined;
    const serializers = (): ProxySerializers => (made ??= new ProxySerializers(options));
    const correlationIds = new CorrelationIds();
    const opener = new ConnectionOpener(
      parts,
      () => ({ options, serializers: serializers(), correlationId: correlationIds.next() }),
      (connection, error) => {
        const { onDisconnected } = options;
        // in a microtask, so that a callback that throws does not interrupt the pool
        if (this.pool.remove(connection) && onDisconnected) queueMicrotask(() => onDisconnected(error));
      },
    );
    this.pool = new ConnectionPool(
      options,
      (signal) => opener.open(signal),
      (opened) => {
        this.metadata = opened.metadata;
        this.ends = endsOf(opened.connection);
        if (options.onConnected) queueMicrotask(options.onConnected);
      },
      group,
    );
    this.calls = new CallRunner(options, this.pool, serializers, correlationIds, makeProxy);
  }

  get uri(): PyroUri {
    return this.parts.uri;
  }

  get isConnected(): boolean {
    return this.pool.isConnected;
  }

  /** The reference that is sent when the proxy is passed to a peer. It has the handshake data only with `shareHandshake`. */
  get reference(): ProxyReference {
    const { shareHandshake, handshake, serializer } = this.parts.options;
    const { oneway, methods, attrs } = this.metadata ?? {};
    return new ProxyReference(this.uri, oneway, methods, attrs, shareHandshake ? handshake : DEFAULT_HANDSHAKE, serializer);
  }

  /** Connects, if there is no connection. */
  async connect(): Promise<void> {
    this.pool.reopen();
    const deadline = new Deadline('connecting', 0, this.parts.options.signal);
    try {
      await this.pool.connect(deadline);
    } finally {
      deadline.end();
    }
  }

  release(): Promise<void> {
    return this.pool.release();
  }
}
