import { recogniseInstances } from '../copies/process-wide.js';
import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import { checkProxyOptions } from '../client/options/resolve-proxy-options.js';
import type { ProxySender } from '../client/options/received-proxies.js';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import { connectedProxy, ProxyFactory } from '../client/proxy/proxy-factory.js';
import { type RemoteObject, RemoteProxy } from '../client/proxy/remote-proxy.js';
import { environmentWireLog } from '../logging/core-log.js';
import { checkArgument, checkIsObject, OBJECT, type OptionRule } from '../options/option-checks.js';
import { ProxyReference } from '../protocol/proxy-reference.js';
import type { PyroUri } from '../protocol/uri.js';
import { resolveName } from '../naming/locate.js';
import { followProxy } from '../telemetry/telemetry.js';

/** Options of a proxy that is made from a reference. */
export interface ReferencedProxyOptions extends PyroProxyOptions {
  /**
   * The peer that sent the reference. If given, the proxy uses only the limits among the options and none of this program's
   * credentials, and connects only where `receivedProxies` allows. Undefined: the reference was made by this program.
   */
  sender?: ProxySender;
}

const REFERENCE: OptionRule = {
  takes: 'a ProxyReference; PyroProxy.to takes a URI',
  fits: (value) => value instanceof ProxyReference,
};

const SENDER: OptionRule = {
  takes: 'an object with remoteAddress, a text',
  fits: (value) => OBJECT.fits(value) && typeof (value as Partial<ProxySender>).remoteAddress === 'string',
};

/**
 * Calls a remote object.
 *
 * ```ts
 * await using camera = await PyroProxy.connect<Camera>('PYRONAME:lab.camera', { callTimeoutMs: 5000 });
 * await camera.expose(0.5, kwargs({ binning: 2 }));
 * ```
 */
export class PyroProxy<T = UntypedRemote> extends RemoteProxy<T> {
  static {
    recogniseInstances(this, 'PyroProxy');
  }

  /**
   * Connects to an object.
   *
   * @param uri `PYRO:`, `PYRONAME:` or `PYROMETA:`
   * @throws {ConnectionClosedError | TimeoutError} when no daemon answers, after `maxRetries` further attempts
   * @throws {CommunicationError} `connection to … rejected: REASON`
   * @throws {NamingError} when no name server answers, or the name is not registered
   * @throws {SecurityError} when handshake data would be sent without TLS to an address that a name server gave
   */
  static async connect<T = UntypedRemote>(uri: PyroUri | string, options: PyroProxyOptions = {}): Promise<RemoteObject<T>> {
    return connectedProxy(PyroProxy.to<T>(uri, options));
  }

  /** Makes a proxy that connects when it is first called. @throws {PyroError} when the URI or an option is wrong */
  static to<T = UntypedRemote>(uri: PyroUri | string, options: PyroProxyOptions = {}): RemoteObject<T> {
    return pyroProxies.forUri<T>(uri, options);
  }

  /** Makes a proxy from a reference. It connects when it is first called. */
  static from<T = UntypedRemote>(reference: ProxyReference, options: ReferencedProxyOptions = {}): RemoteObject<T> {
    checkArgument('the reference', reference, REFERENCE);
    checkIsObject(options);
    const { sender, ...own } = options;
    if (sender !== undefined) checkArgument('sender', sender, SENDER);
    checkProxyOptions(own);
    return pyroProxies.forReference<T>(reference, sender, own);
  }
}

/** @internal makes all instances of `PyroProxy` */
export const pyroProxies = new ProxyFactory(PyroProxy.prototype, {
  resolve: resolveName,
  follow: followProxy,
  wireLog: environmentWireLog,
});
