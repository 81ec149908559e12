import { createServer, type ListenOptions, type Server, type ServerOpts, type Socket } from 'node:net';
import type { PyroError } from '../../protocol/errors.js';
import { tcpLocation, unixLocation, withoutBrackets } from '../../protocol/location.js';
import { configError } from '../../options/option-checks.js';
import type { ServerTlsOptions } from '../../options/tls.js';
import type { Acceptor } from './acceptor.js';
import { SecureHandshakes } from './secure-handshakes.js';
import { createSecureServer } from './secure-server.js';
import { unixPathFault } from './unix-path.js';

/** The address to listen on: either TCP (`host`, `port`) or `unixSocket`. */
export interface ListenAddress {
  /** Default `localhost`. */
  host?: string;
  /** 0: the system chooses. */
  port?: number;
  /** Path of a unix domain socket. */
  unixSocket?: string;
}

/** Options of a listener. */
export interface ListenerOptions extends ListenAddress {
  /** Accept clients over TLS only. Not for a unix socket. */
  tls?: ServerTlsOptions | false;
  /** Longest time of a TLS handshake; 0: no limit. */
  handshakeTimeoutMs: number;
}

/** TCP keep-alive: after this time without data the system probes the client. */
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
   * @param acceptor takes the clients
   * @param onError errors of the server socket while it listens
   * @throws {PyroError} `CONFIG`, naming the address, the reason and the remedy, when it cannot listen
   */
  static async open<Slot>(
    address: ListenerOptions,
    acceptor: Acceptor<Slot>,
    onError: (error: Error) => void,
  ): Promise<Listener> {
    const options = listenOptions(address);
    const { server, handshakes } = createServerFor(address, acceptor);
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

  /** Stops accepting clients. Connections stay open, except connections whose TLS handshake is not finished. */
  close(): void {
    if (this.server.listening) this.server.close();
    this.handshakes?.destroyAll();
  }
}

function createServerFor<Slot>(
  { tls, handshakeTimeoutMs, unixSocket }: ListenerOptions,
  acceptor: Acceptor<Slot>,
): { server: Server; handshakes?: SecureHandshakes<Slot> } {
  if (tls) {
    const server = createSecureServer(tls, SOCKET_OPTIONS);
    return { server, handshakes: new SecureHandshakes(server, handshakeTimeoutMs, acceptor) };
  }
  const server = createServer(SOCKET_OPTIONS, (socket) => {
    const slot = hasGone(socket, unixSocket) ? undefined : acceptor.accept(socket.remoteAddress);
    if (slot === undefined) socket.destroy();
    else acceptor.enter(slot, socket);
  });
  return { server };
}

/** A TCP client that was reset before it was accepted has no address, and would pass for a client of a unix socket. */
function hasGone(socket: Socket, unixSocket: string | undefined): boolean {
  return unixSocket === undefined && socket.remoteAddress === undefined;
}

function listenOptions(address: ListenAddress): ListenOptions {
  const { unixSocket } = address;
  if (unixSocket === undefined) {
    // Node may bind `localhost` to ::1 only, but Pyro5 peers connect to 127.0.0.1
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
  if (Number(unixSocket) >= 0) {
    throw configError(
      `cannot listen on unix socket ${JSON.stringify(unixSocket)}: Node takes a number for a port; write a path (unixSocket: ${JSON.stringify(`./${unixSocket}`)}), or the option port`,
    );
  }
  return { path: unixSocket };
}

function locationOf(server: Server, asked: ListenAddress): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return unixLocation(asked.unixSocket!);
  // a host name is kept, so that URIs show the configured name
  return tcpLocation(hostOf(asked), address.port);
}

/** An empty host means all IPv4 interfaces, as in Pyro5. An IPv6 address may have brackets, as in URIs. */
function hostOf({ host = 'localhost' }: ListenAddress): string {
  return host === '' ? '0.0.0.0' : withoutBrackets(host);
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
