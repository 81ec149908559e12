import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import type { RemoteObject } from '../client/proxy/remote-proxy.js';
import { resolve } from '../naming/locate.js';
import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import { CommunicationError, NamingError, PyroError } from '../protocol/errors.js';
import { PyroUri } from '../protocol/uri.js';
import { PyroProxy } from '../pyro/pyro-proxy.js';
import { otherMeaning } from './doctor/names.js';
import { CommandFailure, EXIT_CODES } from './exit-codes.js';
import { printedCommand } from './printed-command.js';
import { proxyOptionsOf, type RemoteArguments, uriOf } from './remote-arguments.js';

/** The URI of the daemon that serves an object. @throws {CommandFailure} `unreachable` when the name server does not know the object */
export async function daemonUriOf(text: string, given: RemoteArguments): Promise<PyroUri> {
  const { location } = await orUnreachable(text, given, resolve(uriOf(text), given.ns));
  return PyroUri.at(DAEMON_OBJECT_ID, location!);
}

/**
 * Connects to an object, does the work and releases the proxy.
 *
 * @throws {CommandFailure} `unreachable` when the object cannot be reached
 */
export async function withRemote<T>(
  uri: PyroUri,
  given: RemoteArguments,
  work: (remote: RemoteObject<UntypedRemote>) => Promise<T>,
): Promise<T> {
  const remote = await orUnreachable(uri, given, PyroProxy.connect(uri, proxyOptionsOf(given)));
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
    const advice = isNetwork && what !== undefined ? adviceFor(what, given) : [];
    throw new CommandFailure([error.message, ...advice].join('\n'), EXIT_CODES.unreachable.code, { cause: error });
  }
}

function adviceFor(what: PyroUri | string, given: RemoteArguments): string[] {
  const uri = typeof what === 'string' ? uriOf(what) : what;
  const other = otherMeaning(uri);
  const lines = [`To find out why: ${printedCommand('doctor', what, given)}`];
  if (given.handshake !== undefined) lines.push('It needs the --handshake of this command, too, whose value is not printed.');
  if (other !== undefined) lines.push(other);
  return lines;
}
