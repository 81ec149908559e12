import { lookup, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { outsideOfCalls } from '../../calls/async-context.js';
import { namesServer } from '../../options/server-identity.js';
import type { ClientTlsOptions } from '../../options/tls.js';
import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';
import { tcpLocation, unixLocation } from '../../protocol/location.js';
import { printable } from '../../reports/printable.js';
import { checkCertificate, keyError, asList } from './certificate-faults.js';
import { hostFault } from './host-name.js';
import { connectSharingReads } from './shared-reads.js';
import { checkedIdentityCheck } from './tls-callbacks.js';
import { connectionFailureText, isAlertOfPeer } from './tls-reasons.js';
import { unixPathFault } from './unix-path.js';

/** The address to connect to. With `address`, the host name is not looked up. */
export type ConnectAddress =
  | {
      /** Host name, or IP address without brackets. A certificate of the peer has to be for this host, unless `tls.servername` names another. */
      host: string;
      /** TCP port. */
      port: number;
      /** IP address to connect to. Default: one that is looked up by `host`. */
      address?: string;
    }
  | {
      /** Path of a unix socket. */
      unixSocket: string;
    };

export interface ConnectOptions {
  tls?: ClientTlsOptions;
  /** TCP keep-alive: after this time without data the system probes the peer; 0: never. */
  keepAliveMs: number;
  /** Aborts connecting. The error is the signal's reason. */
  signal: AbortSignal;
  /** Looks the host up; its {@link CommunicationError} becomes the error of connecting. Default: as the system does, IPv4 addresses first. */
  lookup?: LookupFunction | undefined;
}

/**
 * Opens a TCP socket (host name, IPv4 or IPv6 address) or a unix domain socket, with TLS when `tls` is given.
 *
 * @throws {ConnectionClosedError} when the peer cannot be reached; a later attempt may succeed
 * @throws {CommunicationError} when TLS fails, e.g. the peer's certificate is refused, or no system takes a socket path or host so long; a
 *   later attempt will fail too
 * @throws {PyroError} `CONFIG` when the certificate or the key of this program cannot be read
 * @throws the reason of `signal` when the signal is aborted
 */
export function openSocket(address: ConnectAddress, options: ConnectOptions): Promise<Socket> {
  const { tls, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const fault = 'unixSocket' in address ? unixPathFault(address.unixSocket) : hostFault(address.host);
    if (fault !== undefined)
      return reject(new CommunicationError(`cannot connect to ${shownLocation(address)}: ${fault}`, { sent: false }));
    const to = target(address, options.lookup);
    const socket: Socket = outsideOfCalls(() => (tls ? openSecure(address, tls, to) : connectSharingReads(to)));
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket
        .off(tls ? 'secureConnect' : 'connect', onConnect)
        .off('error', onError)
        .off('close', onClose);
    };
    const fail = (error: Error): void => {
      settle();
      socket.on('error', ignore).destroy();
      reject(error);
    };
    const onConnect = (): void => {
      settle();
      // the caller adds its own listener a moment later
      socket.on('error', ignore);
      if (options.keepAliveMs > 0) socket.setKeepAlive(true, options.keepAliveMs);
      socket.setNoDelay(true);
      resolve(socket);
    };
    const onAbort = (): void => fail(signal.reason as Error);
    const onError = (error: NodeJS.ErrnoException): void =>
      fail(error instanceof CommunicationError ? error : connectError(address, error, tls !== undefined));
    const onClose = (): void => fail(connectError(address, new Error('closed by the peer'), false));
    signal.addEventListener('abort', onAbort);
    socket
      .on(tls ? 'secureConnect' : 'connect', onConnect)
      .on('error', onError)
      .on('close', onClose);
  });
}

/** @throws {PyroError} `CONFIG` when the certificate or the key cannot be read */
function openSecure(address: ConnectAddress, tls: ClientTlsOptions, to: SocketTarget): Socket {
  try {
    return connectTls({ ...tlsNames(address, tls), ...to });
  } catch (error) {
    for (const certificate of asList(tls.cert)) checkCertificate('cert', certificate);
    throw keyError(error, tls);
  }
}

/** `host:port`, `[v6]:port` or `./u:path`, as it stands in URIs. */
export function locationOf(address: ConnectAddress): string {
  if ('unixSocket' in address) return unixLocation(address.unixSocket);
  return tcpLocation(address.host, address.port);
}

/** A location in an error: a zero byte would end the text in many logs, and nobody would see a line break. */
function shownLocation(address: ConnectAddress): string {
  return printable(locationOf(address));
}

type SocketTarget = { path: string } | { host: string; port: number; lookup: LookupFunction };

function target(address: ConnectAddress, lookUp = ipv4First): SocketTarget {
  if ('unixSocket' in address) return { path: address.unixSocket };
  return { host: address.address ?? address.host, port: address.port, lookup: lookUp };
}

/** Looks up IPv4 addresses first, as Pyro5 does: a daemon at `localhost` listens on 127.0.0.1. */
const ipv4First: LookupFunction = (host, options, callback) => {
  lookup(host, { ...(options as LookupOptions), order: 'ipv4first' }, callback);
};

/** The certificate must name the host of the URI, not the address that was looked up. */
function tlsNames(address: ConnectAddress, tls: ClientTlsOptions): ConnectionOptions {
  const { servername, ...others } = tls;
  const check = checkedIdentityCheck(tls.checkServerIdentity ?? namesServer);
  // a server is asked for names only
  if (servername !== undefined && isIP(servername) !== 0)
    return { ...others, checkServerIdentity: (_host, certificate) => check(servername, certificate) };
  const isName = 'host' in address && !/^[\d.]+$|:/.test(address.host);
  return { ...tls, ...(isName && servername === undefined && { servername: address.host }), checkServerIdentity: check };
}

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'closed by the peer',
  ENOENT: 'there is no such socket',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  EACCES: 'no permission',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

/** Why a host or a unix socket cannot be reached. Undefined for codes without words. */
export function networkReason(code: string): string | undefined {
  return networkReasons[code];
}

/**
 * Codes of failures of the network, as opposed to failures of TLS. An error without a code, for example of `checkServerIdentity`, is no
 * failure of the network.
 */
const NETWORK_CODE = /^E(?!RR_|PROTO$)[A-Z]/;

function connectError(address: ConnectAddress, error: NodeJS.ErrnoException, secure: boolean): CommunicationError {
  const code = error.code ?? '';
  const known = networkReason(code);
  const why = code.startsWith('ERR_SSL_') ? connectionFailureText(error) : `${known ?? error.message}${code && ` (${code})`}`;
  const message = `cannot connect to ${shownLocation(address)}: ${why}`;
  const options = { cause: error, sent: false };
  const isRefusal = secure && !NETWORK_CODE.test(code);
  return isRefusal ? new CommunicationError(message, options) : new ConnectionClosedError(message, options);
}

/**
 * Makes the error of a daemon that refuses the certificate of this program. With TLS 1.3 the refusal arrives only after the
 * connection was opened.
 *
 * @param error why the connection ended during the handshake
 * @returns undefined when the connection ended for another reason, so that trying again may help
 */
export function certificateRefusal(address: ConnectAddress, error: unknown): CommunicationError | undefined {
  const { cause } = error as Error;
  if (!(error instanceof ConnectionClosedError) || !(cause instanceof Error) || !isAlertOfPeer(cause)) return undefined;
  return connectError(address, cause, true);
}

function ignore(): void {}
