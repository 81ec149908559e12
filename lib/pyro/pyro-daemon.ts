import { recogniseInstances } from '../copies/process-wide.js';
import type { Autoproxy, PyroProxyOptions } from '../client/options/proxy-options.js';
import { resolveProxyOptions } from '../client/options/resolve-proxy-options.js';
import type { ProxySender, ReceivedProxies } from '../client/options/received-proxies.js';
import { RECEIVED_IDLE_TIMEOUT_MS, type ReceivedProxyOptions, SHARED_OPTIONS } from '../client/options/received-proxy-options.js';
import { ProxyGroup } from '../client/connection/proxy-group.js';
import type { ReceivedProxyMaker } from '../client/proxy/proxy-core.js';
import type { PyroConnection } from '../daemon/contract/connection.js';
import type { Daemon, OnOverLimit, ProxyOrigin, ProxyReceiver } from '../daemon/contract/daemon.js';
import { BaseDaemon } from '../daemon/base-daemon.js';
import type { DaemonOptions, ResolvedDaemonOptions } from '../daemon/options/daemon-options.js';
import { environmentWireLog, logDaemon, warnOfFailedCalls } from '../logging/core-log.js';
import { environmentLogger } from '../logging/environment-logger.js';
import { checkOptions, givenOptions } from '../options/option-checks.js';
import { INSPECTOR_OBJECT_ID, SERIALIZER_NAMES } from '../protocol/constants.js';
import { ProxyReference } from '../protocol/proxy-reference.js';
import { followDaemon } from '../telemetry/telemetry.js';
import type { SerializerName } from '../serializers/contract/serializer.js';
import { inspectorTarget } from './inspector-object.js';
import { PYRO_DAEMON_RULES, type PyroDaemonOptions } from './pyro-daemon-options.js';
import { pyroProxies } from './pyro-proxy.js';
import { type ObjectsToServe, type ServeOptions, ServedObjects } from './served-objects.js';

/**
 * Serves objects to Pyro clients. A daemon that listens serves at once, on Node's own event loop.
 *
 * A proxy that a client passes arrives as a `PyroProxy`. It opens no connection until it is called, and connects only to the
 * client's own address, or where `receivedProxies` allows. Its idle connections end with the call that passed it. A proxy that is
 * kept longer connects again when it is called.
 *
 * @throws {PyroError} `CONFIG`, when an option is wrong
 * @see Pyro5/server.py, `Daemon`
 */
export class PyroDaemon extends BaseDaemon {
  static {
    recogniseInstances(this, 'PyroDaemon');
  }

  constructor(options: PyroDaemonOptions = {}) {
    checkOptions(options, PYRO_DAEMON_RULES);
    const { receivedProxies, receivedProxyOptions, logger: given, accessLog = false, telemetry, inspector, ...daemon } = options;
    const logger = given ?? environmentLogger();
    if (logger) daemon.wireLog ??= environmentWireLog(logger);
    const proxyOptions = { telemetry, ...receivedProxyOptions };
    super(daemon, (limits, onOverLimit) => new ClientProxies(daemon, limits, onOverLimit, receivedProxies, proxyOptions));
    if (logger) logDaemon(this, logger, accessLog);
    else if (logger === undefined) warnOfFailedCalls(this);
    followDaemon(this, telemetry);
    if (inspector) this.registerTarget(INSPECTOR_OBJECT_ID, inspectorTarget(this, inspector));
  }

  /** The same as `serve`, with a daemon of this class. @see Pyro5/server.py, `Daemon.serveSimple` */
  static serveSimple(objects: ObjectsToServe, options: ServeOptions = {}): Promise<ServedObjects> {
    return ServedObjects.start((daemonOptions) => new this(daemonOptions), objects, options);
  }
}

const MAX_CONNECTIONS = 1_000;

/** Makes the proxies that clients pass to one daemon. */
class ClientProxies implements ProxyReceiver {
  private readonly options: PyroProxyOptions;
  /** The daemon's serializers. The proxies use only these. */
  private readonly serializers: readonly SerializerName[];
  private readonly group: ProxyGroup;
  private make: ReceivedProxyMaker | undefined;
  private readonly groupsByCall = new WeakMap<ProxyOrigin, ProxyGroup>();

  /**
   * @param daemon the options of the daemon, as the program gave them
   * @param limits the options of the daemon, with the defaults of its profile
   * @param onOverLimit counts the error of a limit that a client has reached
   */
  constructor(
    daemon: DaemonOptions,
    limits: ResolvedDaemonOptions,
    private readonly onOverLimit: OnOverLimit,
    receivedProxies: ReceivedProxies | undefined,
    { maxConnections = MAX_CONNECTIONS, ...own }: ReceivedProxyOptions = {},
  ) {
    const shared = Object.fromEntries(SHARED_OPTIONS.map((name) => [name, limits[name]]));
    this.serializers = daemon.serializers ?? SERIALIZER_NAMES;
    const serializer = SERIALIZER_NAMES.find((name) => this.serializers.includes(name));
    const idleTimeoutMs = RECEIVED_IDLE_TIMEOUT_MS;
    const tls = daemon.tls && { ca: daemon.tls.ca };
    this.options = resolveProxyOptions({ serializer, idleTimeoutMs, tls, ...shared, receivedProxies, ...givenOptions(own) });
    this.group = new ProxyGroup({ maxConnections, isStrict: true });
  }

  receive(reference: ProxyReference, origin: ProxyOrigin): unknown {
    this.make ??= this.makerFor(origin.daemon);
    return this.make(this.withKnownSerializer(reference), origin.connection, this.groupOf(origin));
  }

  release(): Promise<void> {
    return this.group.end();
  }

  private makerFor(daemon: Daemon): ReceivedProxyMaker {
    // without leases, because these connections are short: an object that is passed over them must be registered by the application
    const autoproxy: Autoproxy = { referenceFor: (value) => daemon.referenceFor(value) };
    const onOverLimit = (error: Error, sender: ProxySender): void => this.onOverLimit(error, sender as PyroConnection);
    return pyroProxies.makerOfReceived({ autoproxy, ...this.options }, onOverLimit);
  }

  private groupOf(origin: ProxyOrigin): ProxyGroup {
    let group = this.groupsByCall.get(origin);
    if (group === undefined) {
      group = this.group.subgroup();
      this.groupsByCall.set(origin, group);
      origin.onEnd(() => group!.endIdle());
    }
    return group;
  }

  /** Drops the preferred serializer of a reference if the daemon does not use it. */
  private withKnownSerializer(reference: ProxyReference): ProxyReference {
    const { uri, oneway, methods, attrs, handshake, serializer } = reference;
    if (serializer === undefined || this.serializers.includes(serializer as SerializerName)) return reference;
    return new ProxyReference(uri, oneway, methods, attrs, handshake);
  }
}
