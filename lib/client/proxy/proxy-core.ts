import { Deadline } from '../../calls/deadline.js';
import { DEFAULT_HANDSHAKE } from '../../protocol/constants.js';
import type { WireLog } from '../../protocol/messages/message.js';
import { ProxyReference } from '../../protocol/proxy-reference.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { SerializerName } from '../../serializers/contract/serializer.js';
import type { HostChooser } from '../../transport/sockets/host-choosers.js';
import { CallRunner } from '../call/call-runner.js';
import type { ClientObserver } from '../call/client-observer.js';
import type { PoolUse } from '../connection/pool-parts.js';
import { droppedProxies } from '../connection/dropped-proxies.js';
import type { ConnectionEnds } from '../connection/peer-address.js';
import { ProxyGroup } from '../connection/proxy-group.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import { errorOfCaller } from '../messages/reply-reader.js';
import type { NameResolver } from '../options/name-resolver.js';
import type { ProxySender } from '../options/received-proxies.js';
import { optionsOfReceived } from '../options/received-proxy-options.js';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.js';
import { ProxyConnections } from './proxy-connections.js';
import { ProxyRemains } from './proxy-remains.js';

/** Services that proxies use, and that rooms above this one build. */
export interface ProxyServices {
  /** Looks up names. */
  readonly resolve: NameResolver;
  /** Gives the observer of the calls of a proxy. */
  readonly follow?: (uri: PyroUri, telemetry: boolean | undefined, isReceived: boolean) => ClientObserver | undefined;
  /** Gives the log of messages of a proxy without the option `wireLog`. */
  readonly wireLog?: () => WireLog | undefined;
}

/** Makes a proxy that a peer sent. */
export type ReceivedProxyMaker = (reference: ProxyReference, sender: ProxySender, group: ProxyGroup | undefined) => object;

/** The settings of a proxy, or of all proxies that peers send to one parent. */
export interface ProxySettings {
  readonly services: ProxyServices;
  readonly options: ResolvedProxyOptions;
  /** Aborts {@link ProxyCore.connect}. */
  readonly signal: AbortSignal | undefined;
  /** The serializer that this program chose; undefined: the choice of the reference. */
  readonly serializer: SerializerName | undefined;
  /** Gets the error of each attempt to connect a received proxy that a limit on what the sender may use has ended. */
  readonly onOverLimit: ((error: Error, sender: ProxySender) => void) | undefined;
  /** Gives the maker of the proxies in the results of a proxy with these options. */
  makerOfReceived(options: ResolvedProxyOptions): ReceivedProxyMaker;
}

/** The object of a proxy. */
export interface ProxyTarget {
  readonly uri: PyroUri;
  /** The reference that the proxy was made from, if any. */
  readonly reference?: ProxyReference;
  /** The peer that sent the reference; undefined: this program chose the URI. */
  readonly sender?: ProxySender;
  /** The group that the proxy belongs to, if any. */
  readonly group?: ProxyGroup | undefined;
  /** Who chose the host of the URI; undefined: this program or the sender. */
  readonly hostChooser?: HostChooser | undefined;
}

/** The parts of a core that is in use. */
interface CoreInUse {
  readonly connections: ProxyConnections;
  readonly calls: CallRunner;
  /** The proxies in the results of the calls. */
  received: { readonly group: ProxyGroup; readonly make: ReceivedProxyMaker } | undefined;
}

/**
 * At this number of connections of received proxies, idle connections are closed. The number is small compared with the 80 threads of a
 * Python server.
 */
const MAX_RECEIVED = { maxConnections: 32, isStrict: false };

const NOT_USED: PoolUse = { connections: 0, busy: 0, waiting: 0 };

/**
 * The state behind a proxy: its connections, and the metadata of its object. The proxies that `$with` makes share one core.
 *
 * Connections and call runner are made at first use: a peer may send many thousand proxies in one message, and most received proxies are
 * never called.
 */
export class ProxyCore {
  private madeRemains: ProxyRemains | undefined;
  private inUse: CoreInUse | undefined;
  /** True when the proxy was released before its first use. */
  private isReleased = false;

  constructor(
    private readonly target: ProxyTarget,
    private readonly settings: ProxySettings,
  ) {}

  get uri(): PyroUri {
    return this.target.uri;
  }

  /** Runs the calls of the proxy. */
  get calls(): CallRunner {
    return (this.inUse ?? this.begin()).calls;
  }

  /** Metadata from the last handshake; before the first connection that of the reference, if it has some. */
  get metadata(): RemoteMetadata | undefined {
    return this.inUse ? this.inUse.connections.metadata : this.givenMetadata;
  }

  /** Addresses of the connection that was opened last. */
  get ends(): ConnectionEnds | undefined {
    return this.inUse?.connections.ends;
  }

  get isConnected(): boolean {
    return this.inUse?.connections.pool.isConnected ?? false;
  }

  get poolUse(): PoolUse {
    return this.inUse?.connections.pool.use ?? NOT_USED;
  }

  /** The reference that is sent when the proxy is passed to a peer. It has the handshake data only with `shareHandshake`. */
  get reference(): ProxyReference {
    const { options, serializer = this.target.reference?.serializer } = this.settings;
    const { oneway, methods, attrs } = this.metadata ?? {};
    const shared = options.shareHandshake ? options.handshake : DEFAULT_HANDSHAKE;
    return new ProxyReference(this.uri, oneway, methods, attrs, shared, serializer);
  }

  /** The parts that may stay open when the core was garbage-collected. */
  get remains(): ProxyRemains {
    return (this.madeRemains ??= new ProxyRemains());
  }

  /** Connects, if there is no connection. @throws `deadline.failure`, when its time is over or its signal aborts first */
  async connect(deadline = new Deadline('connecting', 0, this.settings.signal)): Promise<void> {
    const { pool } = (this.inUse ?? this.begin()).connections;
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
    this.isReleased = true;
    await this.madeRemains?.release();
  }

  /** Makes the parts that calls need. Called at the first use, or when the proxy is made: the metrics of a proxy begin here. */
  begin(): CoreInUse {
    const { target, settings } = this;
    const { uri, reference, sender, group, hostChooser } = target;
    const { services, onOverLimit } = settings;
    const options = sender && reference ? optionsOfReceived(reference, settings.options) : settings.options;
    const observer = services.follow?.(uri, options.telemetry, sender !== undefined);
    const destination = { uri, options, resolve: services.resolve, sender, hostChooser, onOverLimit, observer };
    const connections = new ProxyConnections(destination, this.givenMetadata, group);
    const calls = new CallRunner(options, connections, (given, from) => this.receive(given, from, options), observer);
    if (this.isReleased) void connections.pool.release();
    // A proxy, its streams and its running calls refer to its CallRunner, and sockets do not. A connected socket belongs to the program
    // that gave it.
    if (!options.connectedSocket) droppedProxies.closeAfter(calls, connections.pool);
    this.remains.pool = connections.pool;
    return (this.inUse = { connections, calls, received: undefined });
  }

  /** Metadata that is known before the first connection. */
  private get givenMetadata(): RemoteMetadata | undefined {
    const { reference } = this.target;
    return reference && reference.methods.size + reference.attrs.size > 0 ? reference : undefined;
  }

  /** Makes a proxy of the result of a call. */
  private receive(reference: ProxyReference, sender: ProxySender, options: ResolvedProxyOptions): unknown {
    const inUse = this.inUse!;
    inUse.received ??= {
      group: this.target.group?.subgroup() ?? new ProxyGroup(MAX_RECEIVED),
      make: this.settings.makerOfReceived(options),
    };
    this.remains.received = inUse.received.group;
    return inUse.received.make(reference, sender, inUse.received.group);
  }
}
