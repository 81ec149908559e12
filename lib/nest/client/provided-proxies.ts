import type { ProxyCore } from '../../client/proxy/proxy-core.js';
import { HANDLE, type ProxyHandle } from '../../client/proxy/proxy-traps.js';

/**
 * The proxies that an application was given and still has. It holds none of them: those in singletons are held by Nest, and a proxy that
 * was made for one request is garbage behind the request.
 *
 * It looks at the core of a proxy, which its methods, its running calls and its streams refer to, also when the program has no proxy.
 */
export class ProvidedProxies {
  private readonly cores = new Set<WeakRef<ProxyCore>>();
  private readonly collected = new FinalizationRegistry<WeakRef<ProxyCore>>((core) => this.cores.delete(core));

  /** The number of proxies that were not garbage-collected. */
  get size(): number {
    return this.cores.size;
  }

  add(proxy: { readonly [HANDLE]: ProxyHandle }): void {
    const { core } = proxy[HANDLE];
    const weak = new WeakRef(core);
    this.cores.add(weak);
    this.collected.register(core, weak);
  }

  /** Releases the proxies, also those that have connected anew after a release. Resolves when their connections are closed. */
  async release(): Promise<void> {
    const cores = [...this.cores];
    this.cores.clear();
    await Promise.all(cores.map(async (core) => core.deref()?.release()));
  }
}
