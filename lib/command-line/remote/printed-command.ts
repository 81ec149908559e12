import { tcpLocation, unixLocation } from '../../protocol/location.js';
import type { PyroUri } from '../../protocol/uri.js';
import { isOwnFile } from './given-file.js';
import { namedHandshakeFiles } from './handshake-data.js';
import type { RemoteArguments } from './remote-arguments.js';

/** Texts that a shell takes as they are. */
const PLAIN_WORD = /^[\w@%+:,./-]+$/;

/**
 * A command of this program as a line for a shell, with the options of the command that runs: for advice that a person copies and
 * pastes. The handshake data is left out, because it may be a secret, and so are files that only this process has.
 *
 * @param what the object
 */
export function printedCommand(command: string, what: PyroUri | string, given: RemoteArguments): string {
  const object = String(what);
  const words = ['npx', 'nestjs-pyro', command, ...optionsOf(given), ...(object.startsWith('-') ? ['--'] : []), object];
  return words.map(shellWord).join(' ');
}

/** The options for files of TLS that only this process has. */
export function hiddenTlsFlags({ ca, cert, key }: RemoteArguments): string[] {
  return Object.entries({ ca, cert, key }).flatMap(([name, file]) =>
    file !== undefined && isOwnFile(file) ? [`--${name}`] : [],
  );
}

/** The files of TLS that another command can read, too. */
function namedTlsFiles({ ca, cert, key }: RemoteArguments): Partial<Record<string, string>> {
  return Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, file]) => file !== undefined && !isOwnFile(file)));
}

function optionsOf(own: RemoteArguments): string[] {
  const { ns, nsTls, serializer, timeout, tls } = own;
  const location = ns && (ns.unixSocket === undefined ? tcpLocation(ns.host!, ns.port) : unixLocation(ns.unixSocket));
  const values = {
    ns: location,
    serializer,
    timeout: timeout && timeout / 1_000,
    ...namedTlsFiles(own),
    ...namedHandshakeFiles(own),
  };
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
