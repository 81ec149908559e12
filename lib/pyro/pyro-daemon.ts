import { type Autoproxy, type PyroProxyOptions, resolveProxyOptions } from '../client/options/proxy-options.js';
import { ProxyScope } from '../client/connection/proxy-scope.js';
import type { ReceivedProxyOptions } from '../client/options/received-proxy-options.js';
import type { ReceivedProxies } from '../client/options/received-proxies.js';
import { proxyForReference } from '../client/proxy/remote-proxy.js';
import type { ProxyOrigin, ProxyReceiver } from '../daemon/contract/daemon.js';
import { BaseDaemon } from '../daemon/daemon.js';
import type { DaemonOptions } from '../daemon/options/daemon-options.js';
import { checkNumber, givenOptions } from '../options/option-checks.js';
import { ProxyReference } from '../protocol/proxy-reference.js';
import { SERIALIZER_IDS, type SerializerName } from '../serializers/contract/serializer.js';
import { environment } from './pyro-proxy.js';
import { type ObjectsToServe, type ServeOptions, ServedObjects } from './served-objects.js';

/** Options of proxies that clients pass to a daemon. */
export interface ClientProxyOptions extends ReceivedProxyOptions {
  /** Connections of all these proxies together. Default 1,000; over it idle ones are ended, and calls that find none fail. */
  maxConnections?: number;
}

/** Options of a daemon. Times are milliseconds, sizes bytes; 0 switches a timeout off. */
export interface PyroDaemonOptions extends DaemonOptions {
  /** Where proxies that clients pass may connect to. Default: TCP to the client's own address, and nowhere else. */
  receivedProxies?: ReceivedProxies;
  /**
   * Limits and manners of these proxies. Default: the daemon's own limits, `callTimeoutMs` 60,000, `idleTimeoutMs` 30,000, and
   * TLS with the authorities that the daemon trusts (`tls.ca`) if it has TLS. Certificates and keys of ours are not shown to whom
   * clients name, even if they are given here.
   */
  receivedProxyOptions?: ClientProxyOptions;
}

/**
 * Serves objects to Pyro clients. The event loop is Node's own: once it listens, it serves.
 *
 * A proxy that a client passes arrives as a `PyroProxy`. It opens no connection until it is called, and none but to the client's
 * own address, or where `receivedProxies` allows. Its idle connections end with the call that brought it; kept longer, it
 * connects again when it is called.
 *
 * @throws {PyroError} `CONFIG`, when an option is wrong
 * @see Pyro5/server.py, `Daemon`
 */
export class PyroDaemon extends BaseDaemon {
  constructor(options: PyroDaemonOptions = {}) {
    super(options, new ClientProxies(options));
  }

  /** The same as `serve`, with a daemon of this class. @see Pyro5/server.py, `Daemon.serveSimple` */
  static serveSimple(objects: ObjectsToServe, options: ServeOptions = {}): Promise<ServedObjects> {
    return ServedObjects.start((daemonOptions) => new this(daemonOptions), objects, options);
  }
}

const IDLE_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 1_000;
const SERIALIZER_NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

/** Makes the proxies that clients pass to one daemon. */
class ClientProxies implements ProxyReceiver {
  private readonly options: PyroProxyOptions;
  /** What is not spoken here is not spoken with those that clients name, either. */
  private readonly serializers: readonly SerializerName[];
  private readonly scope: ProxyScope;
  private readonly requests = new WeakMap<ProxyOrigin, ProxyScope>();

  constructor({ receivedProxies, receivedProxyOptions = {}, ...daemon }: PyroDaemonOptions) {
    const { maxMessageBytes, frameTimeoutMs, maxDepth, maxIntDigits, serpentBytesRepr, compression, values, classes } = daemon;
    const limits = { maxMessageBytes, frameTimeoutMs, maxDepth, maxIntDigits, serpentBytesRepr, compression, values, classes };
    const { maxConnections = MAX_CONNECTIONS, ...own } = receivedProxyOptions;
    this.serializers = daemon.serializers ?? SERIALIZER_NAMES;
    const serializer = SERIALIZER_NAMES.find((name) => this.serializers.includes(name));
    const idleTimeoutMs = IDLE_TIMEOUT_MS;
    const tls = daemon.tls && { ca: daemon.tls.ca };
    this.options = resolveProxyOptions({ serializer, idleTimeoutMs, tls, ...limits, receivedProxies, ...givenOptions(own) });
    checkNumber('receivedProxyOptions.maxConnections', maxConnections, { least: 1 });
    this.scope = new ProxyScope(maxConnections);
  }

  receive(reference: ProxyReference, origin: ProxyOrigin): unknown {
    const { connection, daemon } = origin;
    // what we pass to a client's object in turn must be registered: these connections are too short to keep it so
    const autoproxy: Autoproxy = { referenceFor: (value) => daemon.referenceFor(value) };
    const options = { autoproxy, ...this.options };
    return proxyForReference(this.spoken(reference), connection, options, { ...environment, scope: this.scopeOf(origin) });
  }

  release(): Promise<void> {
    return this.scope.end();
  }

  private scopeOf(origin: ProxyOrigin): ProxyScope {
    let scope = this.requests.get(origin);
    if (scope === undefined) {
      scope = this.scope.inner();
      this.requests.set(origin, scope);
      origin.onEnd(() => scope!.endIdle());
    }
    return scope;
  }

  private spoken(reference: ProxyReference): ProxyReference {
    const { uri, oneway, methods, attrs, handshake, serializer } = reference;
    if (serializer === undefined || this.serializers.includes(serializer as SerializerName)) return reference;
    return new ProxyReference(uri, oneway, methods, attrs, handshake);
  }
}
