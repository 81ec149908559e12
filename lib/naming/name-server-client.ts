import { HANDLE } from '../client/proxy/proxy-traps.js';
import type { PyroProxyOptions } from '../client/options/proxy-options.js';
import type { ConnectionEnds } from '../client/connection/peer-address.js';
import { connectedProxy, ProxyFactory } from '../client/proxy/proxy-factory.js';
import type { UntypedRemote } from '../client/proxy/remote-methods.js';
import { type RemoteObject, RemoteProxy } from '../client/proxy/remote-proxy.js';
import {
  ANYTHING,
  checkArgument,
  checkOptions,
  configError,
  type OptionRules,
  SWITCH,
  TEXT,
  URI,
} from '../options/option-checks.js';
import { ConnectionClosedError, NamingError } from '../protocol/errors.js';
import { PROXY_REFERENCE, type ProxyReference } from '../protocol/proxy-reference.js';
import { peerText } from '../protocol/texts/peer-text.js';
import { shortTexts } from '../protocol/short-text.js';
import type { PyroUri } from '../protocol/uri.js';
import type { HostChooser } from '../transport/sockets/host-choosers.js';
import { PyroRemoteError } from '../serializers/objects/exceptions.js';
import { tagList } from './metadata-tags.js';
import {
  badAnswer,
  answeredCount,
  nameMapOf,
  registrationOf,
  tagSetOf,
  answeredText,
  answeredTuple,
  answeredUri,
  uriTextOf,
} from './name-answers.js';
import {
  type NameEvent,
  type NameFilter,
  type NameRegistration,
  type NameServerChange,
  type TagFilter,
  WATCH_HEARTBEAT_MS,
} from './name-records.js';
import { type NameWaitOptions, type NameWatchOptions, waitForName, watchNames } from './name-watch.js';

const FILTER_RULES: OptionRules<NameFilter> = { prefix: TEXT, regex: TEXT };
const TAG_RULES: OptionRules<TagFilter> = { all: ANYTHING, any: ANYTHING };

/** Makes proxies without name lookup: a name server is reached by its address only. */
const nameServerProxies = new ProxyFactory(RemoteProxy.prototype, {
  resolve: (uri) => Promise.reject(new NamingError(`a name server cannot be at ${uri}`)),
});

/** Opens a further connection to a name server. Its calls end when the signal aborts. */
export type NameServerConnect = (signal: AbortSignal) => Promise<NameServerClient>;

/** A watch of a name server of this library fails when nothing arrives for so long, whatever `callTimeoutMs` says. */
const MAX_WATCH_SILENCE_MS = 3 * WATCH_HEARTBEAT_MS;

/**
 * A connection to a Pyro name server, which registers URIs by names, with metadata tags. `locateNameServer` makes it; call
 * {@link release} when it is no longer needed.
 *
 * All methods throw a NamingError when the name server refuses the call, and else the same errors as calls of a proxy.
 *
 * @see Pyro5/nameserver.py, `NameServer`
 */
export class NameServerClient implements AsyncDisposable {
  private constructor(
    private readonly proxy: RemoteObject,
    private readonly connectAgain: NameServerConnect,
  ) {}

  /**
   * Connects to the name server at a PYRO URI.
   *
   * @param connectAgain opens the connections of watches. Default: to the same URI
   */
  static async at(
    uri: PyroUri,
    options: PyroProxyOptions = {},
    connectAgain?: (signal: AbortSignal) => Promise<NameServerClient>,
  ): Promise<NameServerClient> {
    // the function may be passed on without the class
    return NameServerClient.atHostOf(undefined, uri, options, connectAgain);
  }

  /** @internal The same for a URI whose host somebody else chose. @param hostChooser undefined: this program */
  static async atHostOf(
    hostChooser: HostChooser | undefined,
    uri: PyroUri,
    options: PyroProxyOptions,
    connectAgain: NameServerConnect = (signal) => NameServerClient.atHostOf(hostChooser, uri, { ...options, signal }),
  ): Promise<NameServerClient> {
    // faithful: names are keys of a dict, and a plain object cannot have every name as a key
    const proxy = nameServerProxies.forUri<UntypedRemote>(uri, { ...options, values: 'faithful' }, hostChooser);
    return new NameServerClient(await connectedProxy(proxy), connectAgain);
  }

  /** URI of the name server. */
  get uri(): PyroUri {
    return this.proxy.$uri;
  }

  /** @internal a client that is passed to a peer travels as the proxy of its name server, as Python's does */
  get [PROXY_REFERENCE](): ProxyReference {
    return this.proxy[HANDLE].core.reference;
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
    checkArgument('the name', name, TEXT);
    checkArgument('the uri', uri, URI);
    checkOptions(options, { safe: SWITCH, metadata: ANYTHING });
    const { safe = false, metadata } = options;
    await this.call('register', name, String(uri), safe, metadata === undefined ? null : tagList(metadata));
  }

  /** Gives the URI of a name. @throws {NamingError} when the name is not registered */
  async lookup(name: string): Promise<PyroUri> {
    checkArgument('the name', name, TEXT);
    return answeredUri(await this.call('lookup', name));
  }

  /** Gives the URI and the tags of a name. @throws {NamingError} when the name is not registered */
  async lookupWithMetadata(name: string): Promise<{ uri: PyroUri; metadata: Set<string> }> {
    checkArgument('the name', name, TEXT);
    const [uri, metadata] = answeredTuple(await this.call('lookup', name, true));
    return { uri: answeredUri(uri), metadata: tagSetOf(metadata) };
  }

  /**
   * Removes a name, or all names that a filter selects, except the name server's own.
   *
   * @returns the number of removed names
   */
  async remove(what: string | NameFilter): Promise<number> {
    if (typeof what !== 'string') checkOptions(what, FILTER_RULES, 'remove: ');
    const { prefix = null, regex = null } = typeof what === 'string' ? {} : what;
    return answeredCount(await this.call('remove', typeof what === 'string' ? what : null, prefix, regex));
  }

  /** Lists names with their URIs. @throws {NamingError} when the regex is invalid */
  async list(filter: NameFilter = {}): Promise<Map<string, string>> {
    checkOptions(filter, FILTER_RULES);
    return nameMapOf(await this.call('list', filter.prefix ?? null, filter.regex ?? null, false), uriTextOf);
  }

  /** Lists names with their URIs and tags. @throws {NamingError} when the regex is invalid */
  async listWithMetadata(filter: NameFilter = {}): Promise<Map<string, NameRegistration>> {
    checkOptions(filter, FILTER_RULES);
    return nameMapOf(await this.call('list', filter.prefix ?? null, filter.regex ?? null, true), registrationOf);
  }

  /**
   * Lists the names that have the tags, with their URIs and all their tags.
   *
   * @throws {PyroError} `CONFIG` when the filter has no tags: neither `all` nor `any`
   */
  async yplookup(filter: TagFilter): Promise<Map<string, NameRegistration>> {
    checkOptions(filter, TAG_RULES);
    if (filter.all === undefined && filter.any === undefined)
      throw configError("yplookup: the filter has neither all nor any; it must have tags: { all: ['camera'] }");
    const [all, any] = [filter.all, filter.any].map((tags) => (tags === undefined ? null : tagList(tags)));
    return nameMapOf(await this.call('yplookup', all, any, true), registrationOf);
  }

  /** Replaces the tags of a name. @throws {NamingError} when the name is not registered */
  async setMetadata(name: string, metadata: Iterable<string>): Promise<void> {
    checkArgument('the name', name, TEXT);
    await this.call('set_metadata', name, tagList(metadata));
  }

  /**
   * Follows names, over a new connection: gives the registered names first, then each change. A name server of this library tells of
   * changes at once; Python's is asked every `pollIntervalMs`. Lost connections are made anew. Ends when `signal` aborts.
   *
   * ```ts
   * for await (const event of names.watch({ prefix: 'lab.' })) console.log(event.kind, event.name);
   * ```
   *
   * @throws {PyroError} `CONFIG`, when an option is wrong
   * @throws {NamingError} when there are more names, or longer ones, than `limits` allows
   */
  watch(options: NameWatchOptions = {}): AsyncGenerator<NameEvent, void> {
    return watchNames(this.connectAgain, options);
  }

  /**
   * Waits until a name is registered, over a new connection.
   *
   * @throws {NamingError} after `timeoutMs`
   */
  waitFor(name: string, options: NameWaitOptions = {}): Promise<PyroUri> {
    return waitForName(this.connectAgain, name, options);
  }

  /** @internal True for a name server of this library: it has leases. */
  get hasLeases(): boolean {
    return this.proxy.$metadata?.methods.has('register_leased') ?? false;
  }

  /** @internal True for a name server of this library: it tells of changes. */
  get tellsChanges(): boolean {
    return this.proxy.$metadata?.methods.has('watch') ?? false;
  }

  /** @internal Id of what the name server stores; name servers with the same id share their names. Undefined for Python's name server. */
  async storeId(): Promise<string | undefined> {
    if (!this.proxy.$metadata?.methods.has('store_id')) return undefined;
    return answeredText(await this.call('store_id'), 'a text');
  }

  /** @internal Registers a name for `ttlMs`; {@link renewLeases} begins the time anew. */
  async registerLeased(name: string, uri: PyroUri, metadata: readonly string[], owner: string, ttlMs: number): Promise<void> {
    await this.call('register_leased', name, String(uri), owner, ttlMs, false, metadata);
  }

  /** @internal @returns the names that the owner has no lease of */
  async renewLeases(owner: string, names: readonly string[]): Promise<string[]> {
    const lost = await this.call('renew_leases', owner, names);
    if (!Array.isArray(lost)) throw badAnswer('a list');
    return lost.map((name) => answeredText(name, 'a list of names'));
  }

  /** @internal Removes a leased name of the owner. */
  async removeLeased(name: string, owner: string): Promise<void> {
    await this.call('remove', name, null, null, owner);
  }

  /** @internal The items of the name server's `watch`. */
  async changes(prefix: string, tags: readonly string[]): Promise<AsyncIterable<NameServerChange>> {
    const patient = this.proxy.$with({ callTimeoutMs: MAX_WATCH_SILENCE_MS });
    const stream = (await answerOf(patient.$call('watch', prefix, tags))) as AsyncIterable<unknown>;
    if (typeof stream !== 'object' || stream === null || !(Symbol.asyncIterator in stream)) throw badAnswer('a stream');
    return readChanges(stream);
  }

  /** Gives the number of names, the name server's own included. */
  async count(): Promise<number> {
    return answeredCount(await this.call('count'));
  }

  /** Throws when the name server does not answer. */
  async ping(): Promise<void> {
    await this.call('ping');
  }

  /** @internal Connects again after {@link release}, to the same name server. */
  async connect(): Promise<void> {
    await this.proxy.$connect();
  }

  /** Ends the connection. */
  release(): Promise<void> {
    return this.proxy.$release();
  }

  /** Closes the connection to the name server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  private call(method: string, ...args: unknown[]): Promise<unknown> {
    return answerOf(this.proxy.$call(method, ...args));
  }
}

/** @throws {NamingError} when the name server refuses the call */
async function answerOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

/** Longest text of a name server in an error: each of the calls that wait for a name gets a copy of the error. */
export const MAX_REFUSAL_CHARS = 1_000;

/** The NamingError that stands for the one of the name server; undefined for other errors. */
function refusalOf(error: unknown): NamingError | undefined {
  const isRefusal = error instanceof PyroRemoteError && error.pythonType === 'Pyro5.errors.NamingError';
  return isRefusal ? new NamingError(peerText(shortTexts(error.args), MAX_REFUSAL_CHARS), { cause: error }) : undefined;
}

/** The items of a watch. @throws {NamingError} when the name server refuses it @throws {ConnectionClosedError} when the name server ends it */
async function* readChanges(stream: AsyncIterable<unknown>): AsyncGenerator<NameServerChange> {
  for await (const item of endedAsClosed(stream)) {
    if (!(item instanceof Map)) throw badAnswer('a dict');
    const change: unknown = item.get('change');
    const nameOf = (): string => answeredText(item.get('name'), 'a name');
    if (change === 'registered')
      yield { change, name: nameOf(), registration: registrationOf([item.get('uri'), item.get('metadata')]) };
    else if (change === 'removed') yield { change, name: nameOf() };
    else if (change === 'ready' || change === 'restart' || change === 'alive') yield { change };
  }
}

async function* endedAsClosed(stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  try {
    yield* stream;
  } catch (error) {
    if (!(error instanceof PyroRemoteError) || error.pythonType !== 'Pyro5.errors.PyroError') throw refusalOf(error) ?? error;
    throw new ConnectionClosedError(`the name server ended the watch: ${peerText(error.message, MAX_REFUSAL_CHARS)}`, {
      cause: error,
    });
  }
}
