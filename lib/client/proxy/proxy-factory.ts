import { environmentConfig } from '../../options/environment.js';
import type { ProxyReference } from '../../protocol/proxy-reference.js';
import { PyroUri } from '../../protocol/uri.js';
import type { HostChooser } from '../../transport/sockets/host-choosers.js';
import { endsOf } from '../connection/peer-address.js';
import type { CallOptions, PyroProxyOptions } from '../options/proxy-options.js';
import type { ProxySender } from '../options/received-proxies.js';
import { RECEIVED_IDLE_TIMEOUT_MS, resolveReceivedOptions } from '../options/received-proxy-options.js';
import { type ResolvedProxyOptions, resolveProxyOptions } from '../options/resolve-proxy-options.js';
import { ProxyCore, type ProxyServices, type ProxySettings, type ProxyTarget, type ReceivedProxyMaker } from './proxy-core.js';
import { createProxy } from './proxy-traps.js';
import type { RemoteObject, RemoteProxy } from './remote-proxy.js';

const NO_CALL_OPTIONS: CallOptions = {};

/** Makes proxies of one class. A proxy opens no connection before it is called. */
export class ProxyFactory {
  /** @param prototype the class's prototype */
  constructor(
    private readonly prototype: RemoteProxy,
    private readonly services: ProxyServices,
  ) {}

  /**
   * Makes a proxy for a URI that this program chose.
   *
   * @param hostChooser who chose the host of the URI. Default: this program
   */
  forUri<T>(uri: PyroUri | string, options: PyroProxyOptions, hostChooser?: HostChooser): RemoteObject<T> {
    return this.make(uri, { hostChooser }, options) as RemoteObject<T>;
  }

  /**
   * Makes a proxy for a reference.
   *
   * @param sender the peer that sent the reference: the proxy then has no credentials of this program, and connects only where
   *   `receivedProxies` allows. Undefined: the reference was made by this program
   */
  forReference<T>(reference: ProxyReference, sender: ProxySender | undefined, options: PyroProxyOptions): RemoteObject<T> {
    const made = sender
      ? this.makerOfReceived(options)(reference, sender, undefined)
      : this.make(reference.uri, { reference }, { handshake: reference.handshake, ...options });
    return made as RemoteObject<T>;
  }

  /**
   * Gives the maker of the proxies that peers send to one parent: a daemon, or a proxy whose results have them.
   *
   * @param parent options of the parent. The proxies use the limits among them, and none of the credentials
   * @param onOverLimit gets the error of each attempt to connect that a limit on what the sender may use has ended
   * @throws {PyroError} `CONFIG`
   */
  makerOfReceived(parent: PyroProxyOptions, onOverLimit?: ProxySettings['onOverLimit']): ReceivedProxyMaker {
    const settings = this.settingsOf(resolveReceivedOptions(parent), { idleTimeoutMs: parent.idleTimeoutMs }, onOverLimit);
    const { prototype } = this;
    return (reference, sender, group) => {
      const core = new ProxyCore({ uri: reference.uri, reference, sender, group }, settings);
      return createProxy(prototype, { core, callOptions: NO_CALL_OPTIONS });
    };
  }

  private make(
    given: PyroUri | string,
    target: Pick<ProxyTarget, 'reference' | 'hostChooser'>,
    options: PyroProxyOptions,
  ): object {
    const settings = this.settingsOf(resolveProxyOptions(options), options);
    const core = new ProxyCore({ uri: parseUri(given, settings.options), ...target }, settings);
    core.begin();
    return createProxy(this.prototype, { core, callOptions: NO_CALL_OPTIONS });
  }

  /** @param given the options before their defaults were filled in */
  private settingsOf(
    options: ResolvedProxyOptions,
    given: PyroProxyOptions,
    onOverLimit?: ProxySettings['onOverLimit'],
  ): ProxySettings {
    const { services } = this;
    const { idleTimeoutMs = RECEIVED_IDLE_TIMEOUT_MS, serializer, signal } = given;
    options.wireLog ??= services.wireLog?.();
    const makerOfReceived = (own: ResolvedProxyOptions): ReceivedProxyMaker => this.makerOfReceived({ ...own, idleTimeoutMs });
    return { services, options, signal, serializer, onOverLimit, makerOfReceived };
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
