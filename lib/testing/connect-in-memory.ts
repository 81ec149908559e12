import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import type { RemoteObject } from '../client/proxy/remote-proxy.js';
import type { PyroDaemon } from '../pyro/pyro-daemon.js';
import { PyroProxy } from '../pyro/pyro-proxy.js';
import { createMemoryPair } from '../transport/sockets/memory-pair.js';

/** A `PyroDaemon`, or a `PyroServer`. */
export type InMemoryServer =
  | PyroDaemon
  | {
      /** The daemon of the server. Throws before the server has started. */
      unwrap(): PyroDaemon;
    };

/**
 * Connects to an object of this process without a port: every connection is a pair of streams in memory. Everything else is the
 * same as over a socket, including the handshake with its guards, serializers and limits.
 *
 * ```ts
 * const server = new PyroServer({ listen: false });
 * // … the app starts with this strategy
 * await using warehouse = await connectInMemory<Warehouse>(server, 'example.warehouse', { handshake: 'token' });
 * ```
 *
 * @param server a server or daemon that has started, with or without a port
 * @param options options of the proxy, without `openSocket` and `tls`
 * @throws the same errors as `PyroProxy.connect`
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
