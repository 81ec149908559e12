import type { ProxyCore } from '../../client/proxy/proxy-core.js';
import type { ProxyRemains } from '../../client/proxy/proxy-remains.js';
import { HANDLE, type ProxyHandle } from '../../client/proxy/proxy-traps.js';

interface Provided {
  readonly core: WeakRef<ProxyCore>;
  readonly remains: ProxyRemains;
}

/** Connections that live on without their proxy. */
interface LeftOpen {
  /** Closes the connections. */
  readonly close: () => Promise<void> | undefined;
}

/**
 * The proxies that an application was given and still has. It holds none of them: those in singletons are held by Nest, and a proxy that
 * was made for one request is garbage after the request.
 *
 * The core of a proxy counts: its methods, its running calls and its streams refer to the core, also when the program has no proxy.
 * A core may leave connections open, over which objects of the program are leased. They are closed at the end, too.
 */
export class ProvidedProxies {
  private readonly provided = new Set<Provided>();
  private readonly collected = new FinalizationRegistry<Provided>((gone) => this.forget(gone));
  /** The connections that collected proxies have left open. They are garbage once their sockets are closed. */
  private readonly left = new Set<LeftOpen>();
  private readonly closed = new FinalizationRegistry<LeftOpen>((left) => this.left.delete(left));

  /** The number of proxies that were not garbage-collected. */
  get size(): number {
    return this.provided.size;
  }

  /** The number of collected proxies, and of groups of proxies in their results, whose connections may be open. */
  get leftOpen(): number {
    return this.left.size;
  }

  add(proxy: { readonly [HANDLE]: ProxyHandle }): void {
    const { core } = proxy[HANDLE];
    const provided = { core: new WeakRef(core), remains: core.remains };
    this.provided.add(provided);
    this.collected.register(core, provided);
  }

  /** Releases the proxies, also those that have connected anew after a release. Resolves when their connections are closed. */
  async release(): Promise<void> {
    const provided = [...this.provided];
    const left = [...this.left];
    this.provided.clear();
    this.left.clear();
    // a core may be gone before `collected` is told
    const released = provided.map(({ core, remains }) => (core.deref() ?? remains).release());
    await Promise.all([...released, ...left.map(({ close }) => close())]);
  }

  private forget(gone: Provided): void {
    // false after a release
    if (!this.provided.delete(gone)) return;
    const { pool, received } = gone.remains;
    if (pool) this.leave(pool, (open) => open.release());
    if (received) this.leave(received, (open) => open.closeAfterCalls());
  }

  /** Open sockets refer to `open`, and nothing else does. */
  private leave<T extends object>(open: T, close: (open: T) => Promise<void>): void {
    const weak = new WeakRef(open);
    const left = {
      close: () => {
        const still = weak.deref();
        return still && close(still);
      },
    };
    this.left.add(left);
    this.closed.register(open, left);
  }
}
