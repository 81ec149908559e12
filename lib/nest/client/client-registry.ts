import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { sharedSymbol } from '../../copies/process-wide.js';
import { addressesOf } from '../../client/options/name-resolver.js';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import { PROXY_RULES } from '../../client/options/resolve-proxy-options.js';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import type { NameServerOptions } from '../../naming/locate.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import { checkOptions, givenOptions, type OptionRules } from '../../options/option-checks.js';
import { printAs } from '../../protocol/texts/hidden-members.js';
import type { PyroUri } from '../../protocol/uri.js';
import { type PyroWireLog, WIRE_LOG, wireLogOf } from '../logging/wire-log.js';
import { PyroServers } from '../server/pyro-servers.js';
import { ProvidedProxies } from './provided-proxies.js';

/**
 * Options of the clients of a Nest application. `PyroModule.forRoot` takes the defaults of all clients, name server and handshake
 * data included. Objects of the application travel as proxies, unless `autoproxy` says otherwise.
 */
export interface PyroModuleOptions extends Omit<PyroProxyOptions, 'wireLog'> {
  /** Log every message as `debug` of `PyroWire`; see {@link PyroWireLog}. Default: what `PYRO_LOGWIRE` asks for, or false. */
  wireLog?: PyroWireLog;
}

/** The rules of the options of `PyroModule.forRoot`. */
export const MODULE_RULES: OptionRules<PyroModuleOptions> = { ...PROXY_RULES, wireLog: WIRE_LOG };

/** Token of the options of `PyroModule.forRoot`: defaults also for the features of another copy of this package. */
export const MODULE_OPTIONS_TOKEN = sharedSymbol('module-options');

/** Makes the proxies that PyroModule provides, with the defaults of the application, and releases them at shutdown. */
@Injectable()
export class ClientRegistry implements OnApplicationShutdown {
  private readonly provided = new ProvidedProxies();

  constructor(
    private readonly servers: PyroServers,
    @Optional() @Inject(MODULE_OPTIONS_TOKEN) private readonly defaults: PyroModuleOptions = {},
  ) {
    // wrong defaults stop the start, even if no object is injected yet
    checkOptions(this.defaults, MODULE_RULES);
    printAs(this, () => `ClientRegistry <${this.provided.size} remote objects>`);
  }

  /** The addresses of the name servers, by the defaults of the application. */
  get nameServers(): readonly NameServerOptions[] {
    const { nameServer = {}, handshake, serializer } = this.defaults;
    return addressesOf(nameServer).map((address) => givenOptions({ ...address, handshake, serializer }));
  }

  /**
   * A proxy that connects at its first call. The registry releases the proxy when the application shuts down, if the program has it then: a
   * factory may make a proxy for each request.
   */
  provide(uri: PyroUri | string, options: PyroModuleOptions): RemoteObject {
    const proxy = this.make(uri, options);
    this.provided.add(proxy);
    return proxy;
  }

  /** A proxy that the caller releases. */
  make(uri: PyroUri | string, options: PyroModuleOptions): RemoteObject {
    const { autoproxy } = this.servers;
    const { wireLog, ...chosen } = { autoproxy, ...givenOptions(this.defaults), ...givenOptions(options) };
    return PyroProxy.to(uri, { ...chosen, wireLog: wireLogOf(wireLog) });
  }

  /** The module is global, so Nest runs this hook after the hooks of all other modules: the servers have finished their calls. */
  async onApplicationShutdown(): Promise<void> {
    await this.provided.release();
  }
}
