import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { ProxySender } from '../client/options/received-proxies.js';
import type { RemoteObject, UntypedRemote } from '../client/proxy/remote-object.js';
import {
  connectedProxy,
  type ProxyEnvironment,
  proxyForReference,
  proxyForUri,
  RemoteProxy,
} from '../client/proxy/remote-proxy.js';
import type { ProxyReference } from '../protocol/proxy-reference.js';
import type { PyroUri } from '../protocol/uri.js';
import { resolveName } from '../naming/locate.js';

/** Options of a proxy made of a reference. */
export interface ReferencedProxyOptions extends PyroProxyOptions {
  /**
   * Who sent the reference. Then the proxy carries none of our credentials (only limits are taken of the options), and connects
   * only where `receivedProxies` allows. Undefined: the reference is our own.
   */
  sender?: ProxySender;
}

/**
 * Calls a remote object.
 *
 * ```ts
 * await using camera = await PyroProxy.connect<Camera>('PYRONAME:lab.camera', { callTimeoutMs: 5000 });
 * await camera.expose(0.5, kwargs({ binning: 2 }));
 * ```
 */
export class PyroProxy<T = UntypedRemote> extends RemoteProxy<T> {
  /**
   * Connects to an object.
   *
   * @param uri `PYRO:`, `PYRONAME:` or `PYROMETA:`
   * @throws {ConnectionClosedError | TimeoutError} when nobody answers, after `maxRetries` further attempts
   * @throws {CommunicationError} `connection to … rejected: REASON`
   * @throws {NamingError} when there is no name server or no such name
   * @throws {SecurityError} when handshake data would go to where only a name led, without TLS
   */
  static async connect<T = UntypedRemote>(uri: PyroUri | string, options: PyroProxyOptions = {}): Promise<RemoteObject<T>> {
    return connectedProxy(PyroProxy.to<T>(uri, options));
  }

  /** A proxy that connects when it is first called. @throws {PyroError} when URI or options are wrong */
  static to<T = UntypedRemote>(uri: PyroUri | string, options: PyroProxyOptions = {}): RemoteObject<T> {
    return proxyForUri<T>(uri, options, environment);
  }

  /** A proxy for a reference, which connects when it is first called. */
  static from<T = UntypedRemote>(
    reference: ProxyReference,
    { sender, ...options }: ReferencedProxyOptions = {},
  ): RemoteObject<T> {
    return proxyForReference<T>(reference, sender, options, environment);
  }
}

/** @internal what makes all proxies */
export const environment: ProxyEnvironment = { prototype: PyroProxy.prototype, resolve: resolveName };
