import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP } from 'node:net';
import { networkReason } from '../../transport/sockets/connector.js';
import { hostFault } from '../../transport/sockets/host-name.js';
import type { PyroUri } from '../../protocol/uri.js';
import { type Examination, failed, type Finding, ok } from './finding.js';

/** Looks the host up, and opens a connection to the port, or to the unix socket. */
export async function* examineNetwork(uri: PyroUri, timeoutMs: number): Examination {
  const { host, port, socketName } = uri;
  if (socketName !== undefined) {
    yield await tryPort('socket', { path: socketName }, uri, timeoutMs);
    return;
  }
  if (isIP(host!) === 0) {
    try {
      const fault = hostFault(host!);
      if (fault !== undefined) throw new Error(fault);
      const addresses = await lookup(host!, { all: true, order: 'ipv4first' });
      yield ok('host', `${host} is ${addresses.map(({ address }) => address).join(', ')}`);
    } catch (error) {
      yield failed(
        'host',
        `the name ${host} cannot be looked up: ${(error as Error).message}`,
        'ask for the object by an IP address, or let its daemon be known by a name that this machine can look up (host, natHost)',
      );
      return;
    }
  }
  yield await tryPort('port', { host: host!, port: port! }, uri, timeoutMs);
}

async function tryPort(
  step: string,
  target: { path: string } | { host: string; port: number },
  { location }: PyroUri,
  timeoutMs: number,
): Promise<Finding> {
  const socket = connect(target);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await once(socket, 'connect', { signal });
    return ok(step, `${location} takes connections`);
  } catch (error) {
    if (signal.aborted) return failed(step, `no answer from ${location} within ${timeoutMs} ms`, UNREACHABLE);
    const [first] = (error as Partial<AggregateError>).errors ?? [];
    const code = (error as NodeJS.ErrnoException).code ?? (first as NodeJS.ErrnoException | undefined)?.code;
    const found = networkReason(code ?? '') ?? (error as Error).message;
    return failed(step, `${location}: ${found}${code ? ` (${code})` : ''}`, REMEDIES[code ?? ''] ?? UNREACHABLE);
  } finally {
    socket.destroy();
  }
}

const UNREACHABLE =
  'a firewall may drop the packets, or the address is one behind a NAT: try ping and the port from here, and let the daemon tell an address that can be reached (natHost, natPort)';

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'start the daemon, or look whether it listens on another port (a port that the system chose changes at every start: ask the name server) or on another address (localhost is reached from its own machine only)',
  ENOENT: 'start the daemon, and compare the path with its option unixSocket',
  EACCES: 'run as a user who may write to the socket',
};
