import type { ConnectionPool } from '../connection/connection-pool.js';
import type { ProxyGroup } from '../connection/proxy-group.js';

/**
 * The parts of a proxy that may stay open when it was garbage-collected: connections over which objects of this program are leased, and
 * those of the proxies in its results. Nothing here refers to the proxy.
 */
export class ProxyRemains {
  /** Undefined: the proxy was never used. */
  pool: ConnectionPool | undefined;
  /** The proxies in the results of the calls. */
  received: ProxyGroup | undefined;

  /** Closes the connections. Resolves when those of the proxy are closed, and those of the proxies in its results that no call uses. */
  async release(): Promise<void> {
    await Promise.all([this.pool?.release(), this.received?.closeAfterCalls()]);
  }
}
