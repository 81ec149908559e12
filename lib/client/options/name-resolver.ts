import { millisecondsOf } from '../../options/config-items.js';
import { environmentConfig } from '../../options/environment.js';
import {
  ABORT_SIGNAL,
  anyOf,
  ANYTHING,
  checkOneAddress,
  checkOptions,
  configError,
  milliseconds,
  OBJECT,
  objectRule,
  type OptionRule,
  type OptionRules,
  PORT,
  SWITCH,
  TEXT,
  TEXTS,
} from '../../options/option-checks.js';
import { optionText } from '../../protocol/texts/safe-text.js';
import type { Annotations } from '../../protocol/messages/annotations.js';
import type { PyroUri } from '../../protocol/uri.js';
import { ONE_SERIALIZER } from '../../serializers/contract/serializer-rules.js';
import { anonymousTls, CLIENT_TLS, type ClientTlsOptions } from '../../options/tls.js';
import type { HostChooser } from '../../transport/sockets/host-choosers.js';
import { unixPathFault } from '../../transport/sockets/unix-path.js';
import type { ProxySender } from './received-proxies.js';

/**
 * Address of the name server. Default: the address in a PYRONAME or PYROMETA URI, then `PYRO_NS_HOST` and `PYRO_NS_PORT`, then
 * `localhost:9090`. `PYRO_NS_HOST` may be a list of hosts, `one,other`.
 */
export interface NameServerAddress {
  /** Host name or IP address, or the path of a unix domain socket as `./u:path`. Default `localhost`. */
  host?: string;
  /** Default 9090. */
  port?: number;
  /** Path of a unix domain socket, instead of `host` and `port`. */
  unixSocket?: string;
  /**
   * Asks the local network for a name server when there is none at localhost, and no `host` or `unixSocket` is given. `true`, or the
   * port and addresses to ask. Default false, since any machine that answers is trusted.
   */
  broadcast?: boolean | BroadcastAddress;
  /** Longest wait for a name that is not registered yet, or for a name server that does not answer yet. Default 0. */
  waitMs?: number;
  /**
   * Connects to the name server over TLS, with these certificates. They are not shown to another name server that a URI names. Default: no
   * TLS.
   */
  tls?: boolean | ClientTlsOptions;
}

/** The addresses of the broadcast that asks for a name server. */
export interface BroadcastAddress {
  /** Default 9091. */
  port?: number;
  /** Default the limited broadcast address, 255.255.255.255. */
  addresses?: readonly string[];
}

/**
 * The rules of the address, and of the further options of `locateNameServer` and of the option `nameServer` of a server. Servers and
 * clients accept the same object with all these options.
 */
const RULES: OptionRules<NameServerAddress & Record<FurtherOption, unknown>> = {
  host: TEXT,
  port: PORT,
  unixSocket: TEXT,
  broadcast: anyOf(SWITCH, objectRule<BroadcastAddress>('an object with port and addresses', { port: PORT, addresses: TEXTS })),
  waitMs: milliseconds(),
  tls: CLIENT_TLS,
  callTimeoutMs: milliseconds(),
  connectTimeoutMs: milliseconds({ least: 1 }),
  handshake: ANYTHING,
  keepAliveMs: milliseconds(),
  retryIntervalMs: milliseconds({ least: 1 }),
  serializer: ONE_SERIALIZER,
  signal: ABORT_SIGNAL,
};

type FurtherOption =
  'callTimeoutMs' | 'connectTimeoutMs' | 'handshake' | 'keepAliveMs' | 'retryIntervalMs' | 'serializer' | 'signal';

/** The rule of an option that takes the address of a name server, or a list of addresses. {@link checkNameServers} checks what is inside. */
export const NAME_SERVERS: OptionRule = {
  takes: 'an object with the address of the name server, or a list of such objects',
  fits: (value) => (Array.isArray(value) ? value.length > 0 && value.every((item) => OBJECT.fits(item)) : OBJECT.fits(value)),
};

/**
 * @throws {PyroError} `CONFIG`, when an option is wrong, a list is empty, an address has both `unixSocket` and `host` or `port`, or the path
 * of a `unixSocket` cannot be used
 */
export function checkNameServers(given: NameServerAddress | readonly NameServerAddress[]): void {
  checkOptions<{ nameServer: unknown }>({ nameServer: given }, { nameServer: NAME_SERVERS });
  if (!isList(given)) return checkAddress(given, 'nameServer');
  for (const [index, address] of given.entries()) checkAddress(address, `nameServer[${index}]`);
}

function checkAddress(address: NameServerAddress, what: string): void {
  checkOptions<object>(address, RULES, `${what}.`);
  checkOneAddress(address, `${what}: `);
  const { unixSocket } = address;
  // the address becomes a URI, which would lose a line break
  const fault = unixSocket === undefined ? undefined : unixPathFault(unixSocket);
  if (fault !== undefined) throw configError(`${what}.unixSocket is ${optionText(unixSocket)}: ${fault}`);
}

/** The addresses that an option gives, in the order in which they are tried. */
export function addressesOf<T extends NameServerAddress>(given: T | readonly T[]): readonly T[] {
  return isList(given) ? given : [given];
}

/** The address without credentials of this program: handshake data, certificates and keys. */
export function withoutCredentials<T extends NameServerAddress>(address: T): T {
  const { handshake: _, ...rest } = address as T & { handshake?: unknown };
  return { ...rest, tls: anonymousTls(address.tls, environmentConfig()) } as unknown as T;
}

function isList<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given);
}

/** Gives the longest wait for a name or a name server: the largest `waitMs`, else `PYRO_NS_LOOKUP_DELAY`. */
export function waitMsOf(given: NameServerAddress | readonly NameServerAddress[] | undefined): number {
  const waits = addressesOf(given ?? {}).flatMap(({ waitMs }) => waitMs ?? []);
  return waits.length > 0 ? Math.max(...waits) : (millisecondsOf(environmentConfig().NS_LOOKUP_DELAY) ?? 0);
}

/** The result of a name lookup. */
export interface ResolvedName {
  /** A PYRO URI. */
  uri: PyroUri;
  /** The name server that gave the URI. */
  givenBy: ProxySender;
}

/** How a name is looked up. */
export interface NameLookup {
  /** Aborts the lookup. */
  readonly signal: AbortSignal;
  /** Annotations of the requests to name servers. */
  readonly annotations?: Annotations | undefined;
  /** Gets the error of each attempt that is followed by another attempt, within `waitMs`. */
  readonly onFailedAttempt?: (error: Error) => void;
  /** The peer that chose the name server in the URI; undefined: this program did. */
  readonly hostChooser?: HostChooser | undefined;
}

/** Looks up PYRONAME and PYROMETA URIs. `lib/naming` implements it with a name server. */
export type NameResolver = (
  uri: PyroUri,
  nameServers: NameServerAddress | readonly NameServerAddress[],
  lookup: NameLookup,
) => Promise<ResolvedName>;
