import type { ClientObserver } from '../call/client-observer.js';
import { environmentConfig } from '../../options/environment.js';
import type { ProxyReference } from '../../protocol/proxy-reference.js';
import type { WireLog } from '../../protocol/messages/message.js';
import { PyroUri } from '../../protocol/uri.js';
import { endsOf } from '../connection/peer-address.js';
import type { ProxyGroup } from '../connection/proxy-group.js';
import type { NameResolver } from '../options/name-resolver.js';
import type { PyroProxyOptions } from '../options/proxy-options.js';
import { resolveProxyOptions } from '../options/resolve-proxy-options.js';
import { optionsOfReceived, RECEIVED_IDLE_TIMEOUT_MS } from '../options/received-proxy-options.js';
import type { ProxySender } from '../options/received-proxies.js';
import { ProxyCore } from './proxy-core.js';
import { createProxy } from './proxy-traps.js';
import type { RemoteObject, RemoteProxy } from './remote-proxy.js';

/** Services that proxies use, and that rooms above this one build. */
export interface ProxyServices {
  /** Looks up names. */
  readonly resolve: NameResolver;
  /** Gives the observer of the calls of a proxy. */
  readonly follow?: (uri: PyroUri, telemetry: boolean | undefined, isReceived: boolean) => ClientObserver | undefined;
  /** Gives the log of messages of a proxy without the option `wireLog`. */
  readonly wireLog?: () => WireLog | undefined;
}

/** Makes proxies of one class. A proxy opens no connection before it is called. */
export class ProxyFactory {
  /**
   * @param prototype the class's prototype
   * @param group the group that the proxies belong to; undefined: none
   */
  constructor(
    private readonly prototype: RemoteProxy,
    private readonly services: ProxyServices,
    private readonly group?: ProxyGroup,
  ) {}

  /** Makes a factory for proxies of the same class in a group. */
  inGroup(group: ProxyGroup): ProxyFactory {
    return new ProxyFactory(this.prototype, this.services, group);
  }

  /** Makes a proxy for a URI that this program chose. */
  forUri<T>(uri: PyroUri | string, options: PyroProxyOptions): RemoteObject<T> {
    return this.make(uri, undefined, options, undefined) as RemoteObject<T>;
  }

  /**
   * Makes a proxy for a reference.
   *
   * @param sender the peer that sent the reference: the proxy then has no credentials of this program, and connects only where
   *   `receivedProxies` allows. Undefined: the reference was made by this program
   */
  forReference<T>(reference: ProxyReference, sender: ProxySender | undefined, options: PyroProxyOptions): RemoteObject<T> {
    const own = sender ? optionsOfReceived(reference, options) : { handshake: reference.handshake, ...options };
    return this.make(reference.uri, reference, own, sender) as RemoteObject<T>;
  }

  private make(
    given: PyroUri | string,
    reference: ProxyReference | undefined,
    options: PyroProxyOptions,
    sender: ProxySender | undefined,
  ): object {
    const isKnown = reference && reference.methods.size + reference.attrs.size > 0;
    const resolved = resolveProxyOptions(options);
    const uri = parseUri(given, resolved);
    const { idleTimeoutMs = RECEIVED_IDLE_TIMEOUT_MS, signal } = options;
    const { resolve, follow, wireLog } = this.services;
    resolved.wireLog ??= wireLog?.();
    const observer = follow?.(uri, resolved.telemetry, sender !== undefined);
    const core = new ProxyCore({
      destination: { uri, options: resolved, resolve, sender, observer },
      signal,
      observer,
      metadata: isKnown ? reference : undefined,
      chosenSerializer: sender ? reference?.serializer : (options.serializer ?? reference?.serializer),
      group: this.group,
      makeProxy: (received, from, group) => this.inGroup(group).forReference(received, from, { ...resolved, idleTimeoutMs }),
    });
    return createProxy(this.prototype, { core, callOptions: {} });
  }
}

/** Connects a proxy. If that fails, the proxy is released, so that no connection is left open. */
export async function connectedProxy<T>(proxy: RemoteObject<T>): Promise<RemoteObject<T>> {
  try {
    await proxy.$connect();
  } catch (error) {
    await proxy.$release();
    throw error;
  }
  return proxy;
}

function parseUri(uri: PyroUri | string, { connectedSocket }: PyroProxyOptions): PyroUri {
  if (uri instanceof PyroUri) return uri;
  if (!connectedSocket || typeof uri !== 'string' || uri.includes(':')) return new PyroUri(uri, environmentConfig().NS_PORT);
  return PyroUri.at(uri, endsOf({ socket: connectedSocket, location: './u:<<connected-socket>>' }).remoteAddress);
}
