import type { UntypedRemote } from '../../client/proxy/remote-methods.js';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { resolve } from '../../naming/locate.js';
import { DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { CommunicationError, ConnectionClosedError, NamingError, PyroError, TimeoutError } from '../../protocol/errors.js';
import { PyroUri } from '../../protocol/uri.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import { otherMeaning } from '../doctor/names.js';
import { CommandFailure, EXIT_CODES } from '../terminal/exit-codes.js';
import { hiddenHandshakeFlags } from './handshake-data.js';
import { hiddenTlsFlags, printedCommand } from './printed-command.js';
import { nameServerOptionsOf, proxyOptionsOf, type RemoteArguments, uriOf } from './remote-arguments.js';

/** The URI of the daemon that serves an object. @throws {CommandFailure} `unreachable` when the name server does not know the object */
export async function daemonUriOf(text: string, given: RemoteArguments): Promise<PyroUri> {
  const { location } = await resolvedUri(text, given);
  return PyroUri.at(DAEMON_OBJECT_ID, location!);
}

/** The PYRO URI that an argument stands for. @throws {CommandFailure} `unreachable` when the name server does not know the object */
export function resolvedUri(text: string, given: RemoteArguments): Promise<PyroUri> {
  return orUnreachable(text, given, resolve(uriOf(text), nameServerOptionsOf(given)));
}

/**
 * Connects to an object, does the work and releases the proxy.
 *
 * @param signal aborts connecting
 * @throws {CommandFailure} `unreachable` when the object cannot be reached
 */
export async function withRemote<T>(
  uri: PyroUri,
  given: RemoteArguments,
  work: (remote: RemoteObject<UntypedRemote>) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const remote = await orUnreachable(uri, given, PyroProxy.connect(uri, { ...proxyOptionsOf(given), signal }));
  try {
    return await work(remote);
  } finally {
    await remote.$release();
  }
}

/**
 * Waits for an object, or for a name server.
 *
 * @param what the object, for the advice; undefined: no advice
 * @throws {CommandFailure} `unreachable`, with advice, when it cannot be reached
 */
export async function orUnreachable<T>(what: PyroUri | string | undefined, given: RemoteArguments, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof PyroError) || error.code === 'CONFIG' || error.code === 'BAD_URI') throw error;
    const isNetwork = error instanceof CommunicationError || error instanceof NamingError;
    const advice = isNetwork && what !== undefined ? adviceFor(what, given, error) : [];
    throw new CommandFailure([error.message, ...advice].join('\n'), EXIT_CODES.unreachable.code, { cause: error });
  }
}

function adviceFor(what: PyroUri | string, given: RemoteArguments, { cause }: PyroError): string[] {
  const uri = typeof what === 'string' ? uriOf(what) : what;
  // where nobody answers, there is no daemon with the object either
  const isUnanswered = cause instanceof ConnectionClosedError || cause instanceof TimeoutError;
  const other = isUnanswered ? undefined : otherMeaning(uri);
  // the daemon object stands for the daemon, and may not be what the user asked for
  const isDaemon = uri.protocol === 'PYRO' && uri.object === DAEMON_OBJECT_ID;
  const lines = [`To find out why: ${printedCommand('doctor', isDaemon ? uri.location! : what, given)}`];
  const hidden = [...hiddenHandshakeFlags(given), ...hiddenTlsFlags(given)];
  if (hidden.length > 0) lines.push(`It needs the ${hidden.join(' and ')} of this command, too, whose value is not printed.`);
  if (other !== undefined) lines.push(other);
  return lines;
}
