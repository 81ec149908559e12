import { setTimeout as sleep } from 'node:timers/promises';
import { type NameServerAddress, type ResolvedName, waitMsOf } from '../client/options/name-resolver.js';
import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import { environmentConfig } from '../options/environment.js';
import { NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { CommunicationError, NamingError, PyroError } from '../protocol/errors.js';
import { tcpLocation, unixLocation } from '../protocol/location.js';
import { DEFAULT_NAME_SERVER_PORT, PyroUri } from '../protocol/uri.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { findByBroadcast } from './broadcast.js';
import { NameServer } from './name-server.js';

/** How a name server is called: where it is, and the options of any proxy that make sense for it. */
export type NameServerOptions = NameServerAddress &
  Pick<PyroProxyOptions, 'callTimeoutMs' | 'connectTimeoutMs' | 'handshake' | 'keepAliveMs' | 'serializer' | 'signal'>;

/** A name server is a quick one: nobody waits for it as long as for a call. */
const CALL_TIMEOUT_MS = 10_000;
const MIN_PAUSE_MS = 200;
const MAX_PAUSE_MS = 2_000;

/**
 * Connects to a name server: at `unixSocket`, at `host` and `port`, or else at `localhost:9090` and then (only when `broadcast`
 * says so) wherever one answers in the local network.
 *
 * @throws {NamingError} when there is none, also after `waitMs`
 * @see Pyro5/core.py, `locate_ns`
 */
export async function locateNameServer(options: NameServerOptions = {}): Promise<NameServer> {
  return waited(waitMsOf(options), options.signal ?? NEVER, () => locateOnce(options));
}

/**
 * Looks a PYRONAME or PYROMETA URI up. Of several objects that have all the tags, one is drawn.
 *
 * @throws {NamingError} when there is no name server or no such name, also after `waitMs`
 * @see Pyro5/core.py, `resolve`
 */
export function resolveName(uri: PyroUri, address: NameServerAddress, signal: AbortSignal): Promise<ResolvedName> {
  return waited(waitMsOf(address), signal, async () => {
    const nameServer = await locateOnce({ ...placeOf(uri, address), signal });
    const giveUp = (): void => void nameServer.release();
    signal.addEventListener('abort', giveUp);
    try {
      return { uri: await find(nameServer, uri), givenBy: nameServer.ends };
    } catch (error) {
      throw signal.aborted ? signal.reason : lookupFailure(uri, nameServer, error);
    } finally {
      signal.removeEventListener('abort', giveUp);
      await nameServer.release();
    }
  });
}

/**
 * The PYRO URI that a PYRONAME or PYROMETA URI stands for; a PYRO URI as it is.
 *
 * @throws {NamingError} when there is no name server or no such name, also after `waitMs`
 */
export async function resolve(uri: PyroUri | string, options: NameServerOptions = {}): Promise<PyroUri> {
  const parsed = typeof uri === 'string' ? new PyroUri(uri, environmentConfig().NS_PORT) : uri;
  if (parsed.protocol === 'PYRO') return parsed;
  return (await resolveName(parsed, options, options.signal ?? NEVER)).uri;
}

const NEVER = new AbortController().signal;

/** What a URI says about the name server counts before what the options say. */
function placeOf({ host, port, socketName }: PyroUri, address: NameServerAddress): NameServerAddress {
  if (socketName !== undefined) return { ...address, host: undefined, port: undefined, unixSocket: socketName };
  return host === undefined ? address : { ...address, host, port, unixSocket: undefined };
}

/** @throws {PyroError} `CONFIG`, when the address cannot be one */
export function checkNameServerAddress({ host, port, unixSocket }: NameServerAddress): void {
  if (unixSocket !== undefined && (host !== undefined || port !== undefined)) {
    throw new PyroError('nameServer: unixSocket excludes host and port', { code: 'CONFIG' });
  }
}

async function locateOnce(options: NameServerOptions): Promise<NameServer> {
  checkNameServerAddress(options);
  const { host, port, unixSocket, broadcast = false, signal = NEVER } = options;
  const { NS_HOST = 'localhost', NS_PORT = DEFAULT_NAME_SERVER_PORT } = environmentConfig();
  const location = unixSocket === undefined ? tcpLocation(host ?? NS_HOST, port ?? NS_PORT) : unixLocation(unixSocket);
  try {
    return await connectTo(PyroUri.at(NAME_SERVER_OBJECT_ID, location), options);
  } catch (error) {
    if (!(error instanceof CommunicationError)) throw error;
    const found =
      broadcast !== false && host === undefined && unixSocket === undefined
        ? await findByBroadcast(broadcast === true ? {} : broadcast, signal)
        : undefined;
    if (found) return connectTo(found, options);
    throw new NamingError(`no name server at ${location}: ${error.message}`, { cause: error });
  }
}

function connectTo(uri: PyroUri, options: NameServerOptions): Promise<NameServer> {
  const { callTimeoutMs = CALL_TIMEOUT_MS, connectTimeoutMs, handshake, keepAliveMs, serializer, signal, tls } = options;
  const proxyOptions = { callTimeoutMs, connectTimeoutMs, handshake, keepAliveMs, serializer, signal, tls, maxRetries: 0 };
  return NameServer.at(uri, proxyOptions);
}

/** What went wrong here is no failure of a call that needs the name: that one was never sent. */
function lookupFailure(uri: PyroUri, nameServer: NameServer, error: unknown): unknown {
  if (error instanceof CommunicationError) error.sent = false;
  if (!(error instanceof PyroRemoteError)) return error;
  return new NamingError(`${nameServer.uri} cannot look up ${uri}: ${error.message}`, { cause: error });
}

async function find(nameServer: NameServer, uri: PyroUri): Promise<PyroUri> {
  const found = await lookUp(nameServer, uri);
  if (found.protocol !== 'PYRO') throw new NamingError(`${uri} stands for ${found}, which is no PYRO uri`);
  return found;
}

async function lookUp(nameServer: NameServer, uri: PyroUri): Promise<PyroUri> {
  if (uri.protocol === 'PYRONAME') return nameServer.lookup(uri.object);
  const candidates = [...(await nameServer.yplookup({ all: uri.object.split(',') })).values()];
  const drawn = candidates[Math.floor(Math.random() * candidates.length)];
  if (drawn === undefined) throw new NamingError(`nothing is registered with all of the tags ${uri.object}`);
  return new PyroUri(drawn.uri);
}

/** Tries until it works or `waitMs` are over. */
async function waited<T>(waitMs: number, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  const until = Date.now() + waitMs;
  const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, waitMs / 5));
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const mayPass = error instanceof NamingError || error instanceof CommunicationError;
      const leftMs = until - Date.now();
      if (!mayPass || leftMs <= 0 || signal.aborted) throw error;
      await sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
}
