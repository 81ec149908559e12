import { tcpLocation, unixLocation } from '../../protocol/location.js';
import type { PyroUri } from '../../protocol/uri.js';
import { namedHandshakeFiles } from './handshake-data.js';
import type { RemoteArguments } from './remote-arguments.js';

/** Texts that a shell takes as they are. */
const PLAIN_WORD = /^[\w@%+:,./-]+$/;

/**
 * A command of this program as a line for a shell, with the options of the command that runs: for advice that a person copies and
 * pastes. The handshake data is left out, because it may be a secret.
 *
 * @param what the object
 */
export function printedCommand(command: string, what: PyroUri | string, given: RemoteArguments): string {
  const object = String(what);
  const words = ['npx', 'nestjs-pyro', command, ...optionsOf(given), ...(object.startsWith('-') ? ['--'] : []), object];
  return words.map(shellWord).join(' ');
}

function optionsOf(own: RemoteArguments): string[] {
  const { ns, nsTls, serializer, timeout, tls, ca, cert, key } = own;
  const location = ns && (ns.unixSocket === undefined ? tcpLocation(ns.host!, ns.port) : unixLocation(ns.unixSocket));
  const values = { ns: location, serializer, timeout: timeout && timeout / 1_000, ca, cert, key, ...namedHandshakeFiles(own) };
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return [
    ...given.flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(tls ? ['--tls'] : []),
    ...(nsTls ? ['--ns-tls'] : []),
  ];
}

/** Quotes a text as one word of a POSIX shell, so that a text of a peer cannot be a command of the shell. */
function shellWord(text: string): string {
  return PLAIN_WORD.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
