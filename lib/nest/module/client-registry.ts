import { Inject, Injectable, type OnApplicationShutdown, Optional } from '@nestjs/common';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import { givenOptions } from '../../options/option-checks.js';
import type { PyroUri } from '../../protocol/uri.js';
import { wireLogOf } from '../logging/wire-log.js';
import { MODULE_OPTIONS_TOKEN, type PyroModuleOptions } from './module-options.js';
import { PyroServers } from './pyro-servers.js';

/** Makes the proxies that the module provides, with the defaults of the application, and releases them at its end. */
@Injectable()
export class ClientRegistry implements OnApplicationShutdown {
  private readonly proxies: RemoteObject[] = [];

  constructor(
    private readonly servers: PyroServers,
    @Optional() @Inject(MODULE_OPTIONS_TOKEN) private readonly defaults: PyroModuleOptions = {},
  ) {}

  /** A proxy that connects when it is first called, and is released with the application. */
  provide(uri: PyroUri | string, options: PyroModuleOptions): RemoteObject {
    const proxy = this.make(uri, options);
    this.proxies.push(proxy);
    return proxy;
  }

  /** A proxy that the caller releases. */
  make(uri: PyroUri | string, options: PyroModuleOptions): RemoteObject {
    const { autoproxy } = this.servers;
    const { wireLog, ...chosen } = { autoproxy, ...givenOptions(this.defaults), ...givenOptions(options) };
    return PyroProxy.to(uri, { ...chosen, wireLog: wireLogOf(wireLog) });
  }

  /** The module is global, so this is after everybody else's hooks, and after the servers have finished their calls. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.proxies.splice(0).map((proxy) => proxy.$release()));
  }
}
