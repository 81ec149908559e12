import { createServer, type ListenOptions, type Server, type ServerOpts } from 'node:net';
import type { PyroError } from '../protocol/errors.js';
import { tcpLocation, unixLocation } from '../protocol/location.js';
import { configError } from '../options/option-checks.js';
import type { ServerTlsOptions } from '../options/tls.js';
import type { Arrivals } from './arrivals.js';
import { SecureHandshakes } from './secure-handshakes.js';
import { createSecureServer } from './secure-server.js';
import { unixPathFault } from './unix-path.js';

/** Where to listen. Exactly one of TCP (`host`, `port`) and `unixSocket`. */
export interface ListenAddress {
  /** Default `localhost`. */
  host?: string;
  /** 0: the system chooses. */
  port?: number;
  /** Path of a unix domain socket. */
  unixSocket?: string;
}

/** How to listen. */
export interface ListenerOptions extends ListenAddress {
  /** Let clients in over TLS only; TCP only. */
  tls?: ServerTlsOptions | false;
  /** Longest that a TLS handshake may take; 0: no limit. */
  handshakeTimeoutMs: number;
}

/** After so long without a byte the system asks whether the peer is still there. */
const KEEP_ALIVE_MS = 60_000;
const SOCKET_OPTIONS: ServerOpts = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS, noDelay: true };
const BACKLOG = 511;

/** A listening server socket. */
export class Listener {
  private constructor(
    readonly server: Server,
    /** `host:port`, `[v6]:port` or `./u:path`, as it stands in URIs. */
    readonly location: string,
    private readonly handshakes: Pick<SecureHandshakes<never>, 'destroyAll'> | undefined,
  ) {}

  /**
   * @param arrivals who takes the clients
   * @param onError errors of the server socket while it listens
   * @throws {PyroError} that says address or option, reason and remedy, when it cannot listen
   */
  static async open<Place>(
    address: ListenerOptions,
    arrivals: Arrivals<Place>,
    onError: (error: Error) => void,
  ): Promise<Listener> {
    const options = listenOptions(address);
    const { server, handshakes } = createServerFor(address, arrivals);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(address, error)));
      server.listen({ ...options, backlog: BACKLOG }, () => {
        server.removeAllListeners('error');
        server.on('error', onError);
        resolve();
      });
    });
    return new Listener(server, locationOf(server, address), handshakes);
  }

  /** Accepts no more. Accepted connections live on, but for those whose TLS handshake is under way. */
  close(): void {
    if (this.server.listening) this.server.close();
    this.handshakes?.destroyAll();
  }
}

function createServerFor<Place>(
  { tls, handshakeTimeoutMs }: ListenerOptions,
  arrivals: Arrivals<Place>,
): { server: Server; handshakes?: SecureHandshakes<Place> } {
  if (tls) {
    const server = createSecureServer(tls, SOCKET_OPTIONS);
    return { server, handshakes: new SecureHandshakes(server, handshakeTimeoutMs, arrivals) };
  }
  const server = createServer(SOCKET_OPTIONS, (socket) => {
    const place = arrivals.arrive();
    if (place === undefined) socket.destroy();
    else arrivals.enter(place, socket);
  });
  return { server };
}

function listenOptions(address: ListenAddress): ListenOptions {
  const { unixSocket } = address;
  if (unixSocket === undefined) {
    // Node may bind `localhost` to ::1 alone; Pyro5 peers look for it on 127.0.0.1
    const host = hostOf(address);
    return { host: host === 'localhost' ? '127.0.0.1' : host, port: address.port ?? 0 };
  }
  if (unixSocket.startsWith('\0')) {
    throw configError(
      `cannot listen on abstract unix socket ${JSON.stringify(unixSocket)}: Node pads its name with zeros, so that a Python client cannot find it; use a path`,
    );
  }
  if (unixSocket === '' || unixSocket.includes(':')) {
    throw configError(`cannot listen on unix socket ${JSON.stringify(unixSocket)}: the path must not be empty nor contain ":"`);
  }
  const fault = unixPathFault(unixSocket);
  if (fault !== undefined) throw configError(`cannot listen on unix socket ${JSON.stringify(unixSocket)}: ${fault} (unixSocket)`);
  return { path: unixSocket };
}

function locationOf(server: Server, asked: ListenAddress): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return unixLocation(asked.unixSocket!);
  // a name stays a name, so that what a URI says is what was configured
  return tcpLocation(hostOf(asked), address.port);
}

/** An empty host is every interface of IPv4, as in Pyro5. IPv6 may stand in brackets, as it does in URIs. */
function hostOf({ host = 'localhost' }: ListenAddress): string {
  return host === '' ? '0.0.0.0' : host.replace(/^\[(.*)\]$/, '$1');
}

const TAKEN_PATH = 'the path is in use; if no process serves it any more (one that was killed leaves it behind), remove the file';

const reasons: Record<string, string> = {
  EADDRINUSE: 'the address is in use; choose another port, or 0 to let the system choose',
  EACCES: 'no permission; ports below 1024 need privileges, a socket path needs a directory that is there and writable',
  EADDRNOTAVAIL: 'no interface of this machine has the address; check host',
  ENOTFOUND: 'the host name is unknown; check host',
  EAI_AGAIN: 'the host name could not be looked up; check host',
};

function listenError(address: ListenAddress, error: NodeJS.ErrnoException): PyroError {
  const { host = 'localhost', port = 0, unixSocket } = address;
  const where = unixSocket === undefined ? `${host}:${port}` : unixLocation(unixSocket);
  const isTakenPath = unixSocket !== undefined && error.code === 'EADDRINUSE';
  const reason = isTakenPath ? TAKEN_PATH : (reasons[error.code ?? ''] ?? error.message);
  return configError(`cannot listen on ${where}: ${reason} (${error.code ?? 'unknown'})`, error);
}
