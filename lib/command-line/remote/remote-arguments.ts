import { type Command, InvalidArgumentError, Option } from 'commander';
import type { NameServerAddress } from '../../client/options/name-resolver.js';
import type { PyroProxyOptions } from '../../client/options/proxy-options.js';
import type { ClientTlsOptions } from '../../options/tls.js';
import { PyroError } from '../../protocol/errors.js';
import { PyroUri } from '../../protocol/uri.js';
import { UNIX_PREFIX } from '../../protocol/location.js';
import { locateNameServer, type NameServerOptions } from '../../naming/locate.js';
import { DAEMON_OBJECT_ID, SERIALIZER_NAMES } from '../../protocol/constants.js';
import type { SerializerName } from '../../serializers/contract/serializer.js';
import { secondsOfLimit } from '../terminal/arguments.js';
import { COMPLETION_TIMEOUT_MS, LiveArgument } from '../terminal/completion.js';
import type { OutputArguments } from '../terminal/output.js';
import { contentOf } from './given-file.js';
import {
  type HandshakeArguments,
  handshakeFileOption,
  nameServerHandshake,
  objectHandshake,
  withoutOwnFiles,
} from './handshake-data.js';

/** Options of every command that connects to an object. Each has a `PYRO_*` environment variable as its default, where Pyro5 has one. */
export interface RemoteArguments extends OutputArguments, HandshakeArguments {
  serializer?: SerializerName;
  /** Milliseconds. */
  timeout?: number;
  ns?: NameServerAddress;
  /** The name server speaks TLS, too; with the same files. */
  nsTls?: true;
  tls?: true;
  ca?: string;
  cert?: string;
  key?: string;
}

/** Adds the options of {@link RemoteArguments}. */
export function takesRemoteArguments(command: Command): Command {
  return command
    .addOption(new Option('-s, --serializer <name>', 'serializer of the requests').choices(SERIALIZER_NAMES))
    .option('--handshake <value>', 'handshake data: JSON, or a text')
    .addOption(handshakeFileOption('', 'handshake data'))
    .option('-t, --timeout <seconds>', 'longest time to connect, and for a call', secondsOfLimit)
    .option('--ns <location>', 'name server that looks names up: host, host:port or ./u:path', nameServerOf)
    .option('--ns-handshake <value>', 'handshake data for the name server: JSON, or a text')
    .addOption(handshakeFileOption('ns-', 'handshake data for the name server'))
    .option('--ns-tls', 'connect to the name server over TLS')
    .option('--tls', 'connect over TLS')
    .option('--ca <file>', 'PEM file of the authorities that sign good certificates; with --tls or --ns-tls')
    .option('--cert <file>', 'PEM file of the certificate of this client; with --tls or --ns-tls')
    .option('--key <file>', 'PEM file of the key of this client; with --tls or --ns-tls')
    .option('--json', 'print JSON');
}

/** Describes the argument of commands that ask a daemon, which `host:port` names as well. */
export const ANY_ADDRESS = 'PYRO:, PYRONAME: or PYROMETA: URI, host:port, or a name';

/** The argument for an object. Names are completed from the name server. */
export function objectArgument(description = 'PYRO:, PYRONAME: or PYROMETA: URI, or a name'): LiveArgument<RemoteArguments> {
  const namesThatBegin = async (begun: string, given: RemoteArguments): Promise<Iterable<string>> => {
    await using names = await locateNameServer(
      nameServerOptionsOf({ ...withoutOwnFiles(given), timeout: COMPLETION_TIMEOUT_MS }),
    );
    return (await names.list({ prefix: begun })).keys();
  };
  return new LiveArgument('<uri>', namesThatBegin, description);
}

/** Reads the location of a name server. @throws {InvalidArgumentError} */
function nameServerOf(text: string): NameServerAddress {
  if (text.startsWith(UNIX_PREFIX)) return { unixSocket: text.slice(UNIX_PREFIX.length) };
  try {
    const { host, port } = new PyroUri(`PYRONAME:any@${text}`);
    return { host, port };
  } catch {
    throw new InvalidArgumentError('It must be host, host:port or ./u:path.');
  }
}

/** An object or a name, and a location with a port or a socket. */
const OBJECT_AND_LOCATION = /^[^@]+@(?:\.\/u:.+|.*:\d+)$/;

/**
 * The URI that an argument stands for: a URI, `host:port` or `./u:path` of a daemon, or a name of the name server.
 *
 * @throws {PyroError} `BAD_URI`
 */
export function uriOf(text: string): PyroUri {
  if (/^pyro[a-z]*:/i.test(text)) return new PyroUri(text);
  if (OBJECT_AND_LOCATION.test(text))
    throw new PyroError(
      `${text} has no protocol: PYRO:${text} is an object of the daemon there, PYRONAME:${text} a name of the name server there`,
      { code: 'BAD_URI' },
    );
  const isLocation = text.startsWith(UNIX_PREFIX) || /^(?:\[.+\]|[^:]+):\d+$/.test(text);
  return isLocation ? PyroUri.at(DAEMON_OBJECT_ID, text) : new PyroUri(`PYRONAME:${text}`);
}

/** The options of a proxy that arguments give. @throws {CommandFailure} when a file cannot be read */
export function proxyOptionsOf(given: RemoteArguments): PyroProxyOptions {
  const { serializer, tls, ca, cert, nsTls } = given;
  const handshake = objectHandshake(given);
  // with --ns-tls alone, the files are those of the name server
  const isTls = tls ?? (!nsTls && (ca !== undefined || cert !== undefined));
  return {
    ...(serializer && { serializer }),
    ...(handshake !== undefined && { handshake }),
    ...timesOf(given),
    ...(isTls && { tls: tlsOf(given) }),
    nameServer: nameServerOptionsOf(given),
    maxRetries: 0,
  };
}

/**
 * The name server that looks names up, and the options of the connection to it. Without `--ns` it is that of the environment.
 *
 * The handshake data and `--tls` of the object do not count for it: a password is sent only to whom the user has named, and a name
 * server often speaks no TLS where its objects do.
 *
 * @throws {CommandFailure} when a file cannot be read
 */
export function nameServerOptionsOf(given: RemoteArguments): NameServerOptions {
  const { ns, nsTls } = given;
  const handshake = nameServerHandshake(given);
  return {
    ...ns,
    ...timesOf(given),
    ...(handshake !== undefined && { handshake }),
    ...(nsTls && { tls: tlsOf(given) }),
  };
}

function timesOf({ timeout }: RemoteArguments): Pick<PyroProxyOptions, 'connectTimeoutMs' | 'callTimeoutMs'> {
  return timeout ? { connectTimeoutMs: timeout, callTimeoutMs: timeout } : {};
}

function tlsOf({ ca, cert, key }: RemoteArguments): ClientTlsOptions {
  const files = { ca, cert, key: key ?? cert };
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) => (file === undefined ? [] : [[name, contentOf(file)]])),
  );
}
