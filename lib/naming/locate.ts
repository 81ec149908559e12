import { setTimeout as sleep } from 'node:timers/promises';
import {
  addressesOf,
  checkNameServers,
  type NameLookup,
  type NameServerAddress,
  type ResolvedName,
  waitMsOf,
  withoutCredentials,
} from '../client/options/name-resolver.js';
import { FollowingEnd } from '../calls/following-end.js';
import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { Annotations } from '../protocol/messages/annotations.js';
import { environmentConfig } from '../options/environment.js';
import { DEFAULT_NAME_SERVER_PORT, NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { CommunicationError, NamingError } from '../protocol/errors.js';
import { tcpLocation, UNIX_PREFIX, unixLocation } from '../protocol/location.js';
import { peerText, quotedText } from '../protocol/texts/peer-text.js';
import { PyroUri } from '../protocol/uri.js';
import type { HostChooser } from '../transport/sockets/host-choosers.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { findByBroadcast } from './broadcast.js';
import { firstAnswer } from './first-answer.js';
import { inLookupTurn } from './lookup-turns.js';
import { MAX_REFUSAL_CHARS, NameServerClient, type NameServerConnect } from './name-server-client.js';

/**
 * Address of a name server, and options of the proxy that calls it. `handshake` is not sent to another name server that a URI names. Options
 * without `host`, `port` and `unixSocket` are for every name server.
 */
export type NameServerOptions = NameServerAddress &
  Pick<PyroProxyOptions, 'callTimeoutMs' | 'connectTimeoutMs' | 'handshake' | 'keepAliveMs' | 'serializer' | 'signal'>;

/** Options of the proxy that calls a name server. */
type NameServerCallOptions = NameServerOptions & {
  readonly annotations?: Annotations | undefined;
  /** Who chose the host of the name server; undefined: this program. */
  readonly hostChooser?: HostChooser | undefined;
};

/** Default `callTimeoutMs` of a name server: it answers fast, so this is shorter than the default of other objects. */
const CALL_TIMEOUT_MS = 10_000;
const MIN_PAUSE_MS = 200;
const MAX_PAUSE_MS = 2_000;

/**
 * Connects to a name server: at `unixSocket`, or at `host` and `port`, or else at `localhost:9090`. If there is none at
 * `localhost:9090` and `broadcast` is set, the local network is asked.
 *
 * @param options a list gives several name servers. The first that answers is taken; after 300 ms without an answer the next is asked, too
 * @throws {NamingError} when no name server answers within `waitMs`
 * @see Pyro5/core.py, `locate_ns`
 */
export async function locateNameServer(
  options: NameServerOptions | readonly NameServerOptions[] = {},
): Promise<NameServerClient> {
  return locateUntil(options);
}

/** Connects like {@link locateNameServer}, and gives up when `end` aborts. Further connections of the client give up then, too. */
export async function locateUntil(
  options: NameServerOptions | readonly NameServerOptions[],
  end?: AbortSignal,
): Promise<NameServerClient> {
  checkNameServers(options);
  // the client keeps the signal for its further connections
  const ending = endOf(options, end);
  try {
    return await retryWithin(waitMsOf(options), ending.signal, () => connectToFirst(options, ending.signal));
  } catch (error) {
    ending[Symbol.dispose]();
    throw error;
  }
}

/** Connects to the first of the name servers that answers. Its watches do the same, so that they go on when it has gone. */
function connectToFirst(
  options: NameServerOptions | readonly NameServerOptions[],
  signal: AbortSignal,
): Promise<NameServerClient> {
  const again = (end: AbortSignal): Promise<NameServerClient> => connectToFirst(options, end);
  const release = (late: NameServerClient): void => void late.release();
  return firstAnswer(nameServersOf(options), signal, (address, end) => connectTo(address, end, again), release);
}

/**
 * Looks a PYRONAME or PYROMETA URI up. If several objects have all the tags of a PYROMETA URI, one is chosen at random. Of several name
 * servers, the first that answers and has the name wins.
 *
 * @throws {NamingError} when no name server answers, or the name is not registered, within `waitMs`
 * @see Pyro5/core.py, `resolve`
 */
export async function resolveName(
  uri: PyroUri,
  nameServers: NameServerOptions | readonly NameServerOptions[],
  { signal, annotations, onFailedAttempt, hostChooser: peer }: NameLookup,
): Promise<ResolvedName> {
  const addresses = addressesFor(uri, nameServers);
  // a URI without an address leads to a name server of this program
  const hostChooser = uri.location === undefined ? undefined : peer;
  checkNameServers(addresses);
  const lookUpOnce = (): Promise<ResolvedName> =>
    firstAnswer(nameServersOf(addresses), signal, ({ location, options }, end) =>
      inLookupTurn(location, end, () => askFor(uri, { location, options: { ...options, annotations, hostChooser } }, end)),
    );
  return retryWithin(waitMsOf(nameServers), signal, lookUpOnce, onFailedAttempt);
}

async function askFor(uri: PyroUri, address: KnownNameServer, signal: AbortSignal): Promise<ResolvedName> {
  const nameServer = await connectTo(address, signal);
  const giveUp = (): void => void nameServer.release();
  signal.addEventListener('abort', giveUp);
  try {
    return { uri: await lookUp(nameServer, uri), givenBy: nameServer.ends };
  } catch (error) {
    throw signal.aborted ? signal.reason : lookupFailure(uri, nameServer, error);
  } finally {
    signal.removeEventListener('abort', giveUp);
    await nameServer.release();
  }
}

/**
 * Finds the PYRO URI for a PYRONAME or PYROMETA URI. A PYRO URI is returned as it is.
 *
 * @throws {NamingError} when no name server answers, or the name is not registered, within `waitMs`
 */
export async function resolve(
  uri: PyroUri | string,
  options: NameServerOptions | readonly NameServerOptions[] = {},
): Promise<PyroUri> {
  checkNameServers(options);
  const parsed = uri instanceof PyroUri ? uri : new PyroUri(uri, environmentConfig().NS_PORT);
  if (parsed.protocol === 'PYRO') return parsed;
  using end = endOf(options);
  return (await resolveName(parsed, options, { signal: end.signal })).uri;
}

/** Aborts when one of the signals in the options does, or `end`. */
export function endOf(options: NameServerOptions | readonly NameServerOptions[], end?: AbortSignal): FollowingEnd {
  return new FollowingEnd(...addressesOf(options).map(({ signal }) => signal), end);
}

/**
 * The name servers that are asked for a URI: the address in the URI wins over the addresses in the options.
 *
 * Handshake data and certificates of an address are shown only to this address. Without `host`, `port` and `unixSocket` they are for every
 * name server that a URI names, and those of an address with `broadcast` for the one that answers the broadcast. To other name servers, the
 * options of the first address are used without credentials.
 */
export function addressesFor(
  uri: PyroUri,
  options: NameServerOptions | readonly NameServerOptions[],
): readonly NameServerOptions[] {
  const addresses = addressesOf(options);
  const { location, host, port, socketName: unixSocket } = uri;
  if (location === undefined) return addresses;
  const named = comparable(location);
  const known =
    addresses.find((address) => locationsOf(address).map(comparable).includes(named)) ??
    addresses.find((address) => (address.host ?? address.port ?? address.unixSocket) === undefined);
  return [{ ...(known ?? withoutCredentials(addresses[0] ?? {})), host, port, unixSocket }];
}

/** Host names are the same in upper and lower case, and paths are not. */
function comparable(location: string): string {
  return location.startsWith(UNIX_PREFIX) ? location : location.toLowerCase();
}

/** A name server whose location is known, and the options of calls to it. */
export interface KnownNameServer {
  readonly location: string;
  readonly options: NameServerCallOptions;
}

/** The name servers of the options, or else of the environment. */
export function nameServersOf(options: NameServerOptions | readonly NameServerOptions[]): readonly KnownNameServer[] {
  return addressesOf(options).flatMap((address) => locationsOf(address).map((location) => ({ location, options: address })));
}

function locationsOf({ host, port, unixSocket }: NameServerAddress): string[] {
  if (unixSocket !== undefined) return [unixLocation(unixSocket)];
  const { NS_HOST = 'localhost', NS_PORT = DEFAULT_NAME_SERVER_PORT } = environmentConfig();
  const hosts = host === undefined ? NS_HOST.split(',') : [host];
  return hosts.map((text) => locationAt(text.trim(), port ?? NS_PORT));
}

/**
 * Connects to a name server. If it does not answer and the options allow a broadcast, connects to the name server that the broadcast finds.
 * @throws {NamingError}
 */
export async function connectTo(
  { location, options: given }: KnownNameServer,
  signal: AbortSignal,
  connectAgain?: NameServerConnect,
): Promise<NameServerClient> {
  const options = { ...given, signal };
  const { host, unixSocket, broadcast = false } = options;
  try {
    return await connectToNameServer(PyroUri.at(NAME_SERVER_OBJECT_ID, location), options, connectAgain);
  } catch (error) {
    if (!(error instanceof CommunicationError)) throw error;
    const found =
      broadcast !== false && host === undefined && unixSocket === undefined
        ? await findByBroadcast(broadcast === true ? {} : broadcast, signal)
        : undefined;
    if (found) return connectToNameServer(found, { ...options, hostChooser: BROADCAST }, connectAgain);
    throw new NamingError(`no name server at ${peerText(location)}: ${error.message}`, { cause: error });
  }
}

/** As in Pyro5, a host may be the path of a unix domain socket: `./u:path`. */
function locationAt(host: string, port: number): string {
  return host.startsWith(UNIX_PREFIX) ? host : tcpLocation(host, port);
}

/** Whoever answers a broadcast. */
const BROADCAST: HostChooser = { name: 'broadcast' };

/** Connects to the name server at a PYRO URI, whose address wins over the address in the options. */
export function connectToNameServer(
  uri: PyroUri,
  options: NameServerCallOptions,
  connectAgain?: NameServerConnect,
): Promise<NameServerClient> {
  const { callTimeoutMs = CALL_TIMEOUT_MS, connectTimeoutMs, handshake, keepAliveMs, serializer, signal, tls } = options;
  const called = { callTimeoutMs, connectTimeoutMs, handshake, keepAliveMs, serializer, signal, tls };
  const { annotations, hostChooser } = options;
  return NameServerClient.atHostOf(hostChooser, uri, { ...called, annotations, maxRetries: 0 }, connectAgain);
}

/** Sets `sent` to false: the call that needs the name was not sent, even if the lookup was. */
function lookupFailure(uri: PyroUri, nameServer: NameServerClient, error: unknown): unknown {
  if (error instanceof CommunicationError) error.sent = false;
  if (!(error instanceof PyroRemoteError)) return error;
  const why = peerText(error.message, MAX_REFUSAL_CHARS);
  return new NamingError(`${nameServer.uri} cannot look up ${peerText(String(uri))}: ${why}`, { cause: error });
}

async function lookUp(nameServer: NameServerClient, uri: PyroUri): Promise<PyroUri> {
  const found = uri.protocol === 'PYRONAME' ? await nameServer.lookup(uri.object) : await findByTags(nameServer, uri.object);
  if (found.protocol !== 'PYRO')
    throw new NamingError(`${peerText(String(uri))} stands for ${peerText(String(found))}, which is no PYRO uri`);
  return found;
}

async function findByTags(nameServer: NameServerClient, tags: string): Promise<PyroUri> {
  const candidates = [...(await nameServer.yplookup({ all: tags.split(',') })).values()];
  const chosen = candidates[Math.floor(Math.random() * candidates.length)];
  if (chosen === undefined) throw new NamingError(`nothing is registered with all of the tags ${peerText(tags)}`);
  const uri = PyroUri.tryParse(chosen.uri);
  if (uri === undefined)
    throw new NamingError(`PYROMETA:${peerText(tags)} stands for ${quotedText(chosen.uri)}, which is no uri`);
  return uri;
}

/** Repeats `attempt` until it succeeds or `waitMs` have passed. Errors other than of naming and communication are not retried. */
export async function retryWithin<T>(
  waitMs: number,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  onFailedAttempt?: (error: Error) => void,
): Promise<T> {
  const until = performance.now() + waitMs;
  const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, waitMs / 5));
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const isTemporary = error instanceof NamingError || error instanceof CommunicationError;
      const leftMs = until - performance.now();
      if (!isTemporary || leftMs <= 0 || signal.aborted) throw error;
      onFailedAttempt?.(error);
      await sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
}
