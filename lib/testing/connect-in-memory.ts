import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import type { RemoteObject } from '../client/proxy/remote-proxy.js';
import type { PyroDaemon } from '../pyro/pyro-daemon.js';
import { PyroProxy } from '../pyro/pyro-proxy.js';
import { createMemoryPair } from '../transport/memory-pair.js';

/** What serves objects: a `PyroDaemon`, or a `PyroServer`, whose daemon `unwrap()` gives. */
export type InMemoryServer = PyroDaemon | { unwrap(): PyroDaemon };

/**
 * Connects to an object of this process without a port: every connection is a pair of streams in memory, and everything else is
 * as over a socket, the handshake with its guards, serializers and limits included.
 *
 * ```ts
 * const server = new PyroServer({ listen: false });
 * // … the app starts with it as strategy
 * await using warehouse = await connectInMemory<Warehouse>(server, 'example.warehouse', { handshake: 'token' });
 * ```
 *
 * @param server a started server or daemon; it may listen on a port as well
 * @param options of the proxy; `openSocket` and `tls` have no use here
 * @throws as `PyroProxy.connect` does
 */
export function connectInMemory<T = UntypedRemote>(
  server: InMemoryServer,
  objectId: string,
  options: Omit<PyroProxyOptions, 'openSocket' | 'tls'> = {},
): Promise<RemoteObject<T>> {
  const daemon = 'unwrap' in server ? server.unwrap() : server;
  const openSocket: PyroProxyOptions['openSocket'] = () => {
    const [ours, theirs] = createMemoryPair();
    daemon.serve(theirs);
    return ours;
  };
  return PyroProxy.connect<T>(daemon.uriFor(objectId, false), { ...options, openSocket });
}
