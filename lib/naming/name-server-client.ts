import { HANDLE } from '../client/proxy/proxy-traps.js';
import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { ConnectionEnds } from '../client/connection/peer-address.js';
import { connectedProxy, ProxyFactory } from '../client/proxy/proxy-factory.js';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import { type RemoteObject, RemoteProxy } from '../client/proxy/remote-proxy.js';
import { ANYTHING, checkOptions, type OptionRules, SWITCH } from '../options/option-checks.js';
import { NamingError, ProtocolError } from '../protocol/errors.js';
import { PyroUri } from '../protocol/uri.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { tagList } from './metadata-tags.js';

/** The URI and the metadata tags that a name is registered with. */
export interface NameRegistration {
  uri: string;
  metadata: Set<string>;
}

/** Selects names: those that begin with `prefix`, or those whose beginning matches the Python `regex`. Without both: all names. */
export type NameFilter = { prefix?: string; regex?: undefined } | { prefix?: undefined; regex: string };

/** Selects names by their metadata tags: a name must have all of the tags, or any of them. */
export type TagFilter = { all: Iterable<string>; any?: undefined } | { all?: undefined; any: Iterable<string> };

const FILTER_RULES: OptionRules<NameFilter> = { prefix: ANYTHING, regex: ANYTHING };
const TAG_RULES: OptionRules<TagFilter> = { all: ANYTHING, any: ANYTHING };

/** Makes proxies without name lookup: a name server is reached by its address only. */
const nameServerProxies = new ProxyFactory(RemoteProxy.prototype, (uri) =>
  Promise.reject(new NamingError(`a name server cannot be at ${uri}`)),
);

/**
 * A connection to a Pyro name server, which registers URIs by names, with metadata tags. `locateNameServer` makes it; call
 * {@link release} when it is no longer needed.
 *
 * All methods throw a NamingError when the name server refuses the call, and else the same errors as calls of a proxy.
 *
 * @see Pyro5/nameserver.py, `NameServer`
 */
export class NameServerClient implements AsyncDisposable {
  private constructor(private readonly proxy: RemoteObject) {}

  /** Connects to the name server at a PYRO URI. */
  static async at(uri: PyroUri, options: PyroProxyOptions = {}): Promise<NameServerClient> {
    // faithful: the names are keys of a dict, and a plain object cannot have every name as key
    const proxy = nameServerProxies.forUri<UntypedRemote>(uri, { ...options, values: 'faithful' });
    return new NameServerClient(await connectedProxy(proxy));
  }

  get uri(): PyroUri {
    return this.proxy.$uri;
  }

  /** @internal the addresses of both ends of the connection */
  get ends(): ConnectionEnds {
    return this.proxy[HANDLE].core.ends!;
  }

  /**
   * Registers a URI by a name. A URI that had the name before loses it.
   *
   * @param options.safe refuse when the name is taken. Default false
   */
  async register(
    name: string,
    uri: PyroUri | string,
    options: { safe?: boolean; metadata?: Iterable<string> } = {},
  ): Promise<void> {
    checkOptions(options, { safe: SWITCH, metadata: ANYTHING });
    const { safe = false, metadata } = options;
    await this.call('register', name, String(uri), safe, metadata === undefined ? null : tagList(metadata));
  }

  /** Gives the URI of a name. @throws {NamingError} when the name is not registered */
  async lookup(name: string): Promise<PyroUri> {
    return uriOf(await this.call('lookup', name));
  }

  /** Gives the URI and the tags of a name. @throws {NamingError} when the name is not registered */
  async lookupWithMetadata(name: string): Promise<{ uri: PyroUri; metadata: Set<string> }> {
    const [uri, metadata] = tupleOf(await this.call('lookup', name, true));
    return { uri: uriOf(uri), metadata: tagSetOf(metadata) };
  }

  /**
   * Removes a name, or all names that a filter selects, except the name server's own.
   *
   * @returns the number of removed names
   */
  async remove(what: string | NameFilter): Promise<number> {
    if (typeof what !== 'string') checkOptions(what, FILTER_RULES);
    const { prefix = null, regex = null } = typeof what === 'string' ? {} : what;
    return Number(await this.call('remove', typeof what === 'string' ? what : null, prefix, regex));
  }

  /** Lists names with their URIs. @throws {NamingError} when the regex is invalid */
  async list(filter: NameFilter = {}): Promise<Map<string, string>> {
    checkOptions(filter, FILTER_RULES);
    return nameMapOf(await this.call('list', filter.prefix ?? null, filter.regex ?? null, false), String);
  }

  /** Lists names with their URIs and tags. @throws {NamingError} when the regex is invalid */
  async listWithMetadata(filter: NameFilter = {}): Promise<Map<string, NameRegistration>> {
    checkOptions(filter, FILTER_RULES);
    return nameMapOf(await this.call('list', filter.prefix ?? null, filter.regex ?? null, true), registrationOf);
  }

  /** Lists the names that have the tags, with their URIs and all their tags. */
  async yplookup(filter: TagFilter): Promise<Map<string, NameRegistration>> {
    checkOptions(filter, TAG_RULES);
    const [all, any] = [filter.all, filter.any].map((tags) => (tags === undefined ? null : tagList(tags)));
    return nameMapOf(await this.call('yplookup', all, any, true), registrationOf);
  }

  /** Replaces the tags of a name. @throws {NamingError} when the name is not registered */
  async setMetadata(name: string, metadata: Iterable<string>): Promise<void> {
    await this.call('set_metadata', name, tagList(metadata));
  }

  /** Gives the number of names, the name server's own included. */
  async count(): Promise<number> {
    return Number(await this.call('count'));
  }

  /** Throws when the name server does not answer. */
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
