import { HANDLE } from '../client/proxy/proxy-traps.js';
import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { ConnectionEnds } from '../client/options/received-proxies.js';
import type { RemoteObject, UntypedRemote } from '../client/proxy/remote-object.js';
import { connectedProxy, type ProxyEnvironment, proxyForUri, RemoteProxy } from '../client/proxy/remote-proxy.js';
import { NamingError, ProtocolError } from '../protocol/errors.js';
import { PyroUri } from '../protocol/uri.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { tagList } from './metadata-tags.js';

/** A name with what it stands for. */
export interface NameRegistration {
  uri: string;
  metadata: Set<string>;
}

/** Which names are meant: all, those that begin with `prefix`, or those whose beginning matches Python's `regex`. */
export type NameFilter = { prefix?: string; regex?: undefined } | { prefix?: undefined; regex: string };

/** Which metadata tags a name must have: all of them, or any. */
export type TagFilter = { all: Iterable<string>; any?: undefined } | { all?: undefined; any: Iterable<string> };

/** The name server itself is found by its address, never by name. */
const nameServerProxies: ProxyEnvironment = {
  prototype: RemoteProxy.prototype,
  resolve: (uri) => Promise.reject(new NamingError(`a name server cannot be at ${uri}`)),
};

/**
 * A Pyro name server: names for URIs, with tags as metadata. Made by `locateNameServer`; {@link release} it.
 *
 * All methods throw a NamingError for what the name server refuses, and otherwise as calls of a proxy do.
 *
 * @see Pyro5/nameserver.py, `NameServer`
 */
export class NameServerClient implements AsyncDisposable {
  private constructor(private readonly proxy: RemoteObject) {}

  /** Connects to the name server at a PYRO URI. */
  static async at(uri: PyroUri, options: PyroProxyOptions = {}): Promise<NameServerClient> {
    // faithful: names are keys of dicts, and any name may be one
    const proxy = proxyForUri<UntypedRemote>(uri, { ...options, values: 'faithful' }, nameServerProxies);
    return new NameServerClient(await connectedProxy(proxy));
  }

  get uri(): PyroUri {
    return this.proxy.$uri;
  }

  /** @internal its address, and the one we have towards it */
  get ends(): ConnectionEnds {
    return this.proxy[HANDLE].core.ends!;
  }

  /**
   * Gives a URI a name; what had the name before loses it.
   *
   * @param options.safe refuse when the name is taken. Default false
   */
  async register(
    name: string,
    uri: PyroUri | string,
    { safe = false, metadata }: { safe?: boolean; metadata?: Iterable<string> } = {},
  ): Promise<void> {
    await this.call('register', name, String(uri), safe, metadata === undefined ? null : tagList(metadata));
  }

  /** The URI of a name. @throws {NamingError} when nothing has the name */
  async lookup(name: string): Promise<PyroUri> {
    return uriOf(await this.call('lookup', name));
  }

  /** The URI of a name, and its tags. @throws {NamingError} when nothing has the name */
  async lookupWithMetadata(name: string): Promise<{ uri: PyroUri; metadata: Set<string> }> {
    const [uri, metadata] = tupleOf(await this.call('lookup', name, true));
    return { uri: uriOf(uri), metadata: tagSetOf(metadata) };
  }

  /**
   * Takes a name, or all that a filter means, off. The name server's own name stays.
   *
   * @returns how many were taken off
   */
  async remove(what: string | NameFilter): Promise<number> {
    const { prefix = null, regex = null } = typeof what === 'string' ? {} : what;
    return Number(await this.call('remove', typeof what === 'string' ? what : null, prefix, regex));
  }

  /** Names and their URIs. @throws {NamingError} when the regex is none */
  async list(filter: NameFilter = {}): Promise<Map<string, string>> {
    return nameMapOf(await this.call('list', filter.prefix ?? null, filter.regex ?? null, false), String);
  }

  /** Names, their URIs and tags. */
  async listWithMetadata(filter: NameFilter = {}): Promise<Map<string, NameRegistration>> {
    return nameMapOf(await this.call('list', filter.prefix ?? null, filter.regex ?? null, true), registrationOf);
  }

  /** Names that have the tags, their URIs and all their tags. */
  async yplookup(filter: TagFilter): Promise<Map<string, NameRegistration>> {
    const [all, any] = [filter.all, filter.any].map((tags) => (tags === undefined ? null : tagList(tags)));
    return nameMapOf(await this.call('yplookup', all, any, true), registrationOf);
  }

  /** Replaces the tags of a name. @throws {NamingError} when nothing has the name */
  async setMetadata(name: string, metadata: Iterable<string>): Promise<void> {
    await this.call('set_metadata', name, tagList(metadata));
  }

  /** How many names there are, its own included. */
  async count(): Promise<number> {
    return Number(await this.call('count'));
  }

  /** Fails when the name server does not answer. */
  async ping(): Promise<void> {
    await this.call('ping');
  }

  /** Ends the connection. */
  release(): Promise<void> {
    return this.proxy.$release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  private async call(method: string, ...args: unknown[]): Promise<unknown> {
    try {
      return await this.proxy.$call(method, ...args);
    } catch (error) {
      if (!(error instanceof PyroRemoteError) || error.pythonType !== 'Pyro5.errors.NamingError') throw error;
      throw new NamingError(error.args.map(String).join(', '), { cause: error });
    }
  }
}

function uriOf(value: unknown): PyroUri {
  if (value instanceof PyroUri) return value;
  if (typeof value === 'string') return new PyroUri(value);
  throw badAnswer('a URI');
}

function registrationOf(value: unknown): NameRegistration {
  const [uri, metadata] = tupleOf(value);
  return { uri: String(uri), metadata: tagSetOf(metadata) };
}

function tagSetOf(value: unknown): Set<string> {
  if (!Array.isArray(value) && !(value instanceof Set)) throw badAnswer('a set of tags');
  return new Set([...(value as Iterable<unknown>)].map(String));
}

function tupleOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw badAnswer('a tuple');
}

function nameMapOf<V>(value: unknown, valueOf: (value: unknown) => V): Map<string, V> {
  if (!(value instanceof Map)) throw badAnswer('a dict');
  return new Map([...(value as Map<unknown, unknown>)].map(([name, entry]) => [String(name), valueOf(entry)]));
}

function badAnswer(expected: string): ProtocolError {
  return new ProtocolError(`the name server did not answer with ${expected}`);
}
