import { inspect } from 'node:util';
import { environmentConfig } from '../../options/environment.js';
import { FLAGS } from '../../protocol/constants.js';
import { ProxyReference } from '../../protocol/proxy-reference.js';
import { PyroUri } from '../../protocol/uri.js';
import { BATCH_METHOD, type BatchOptions, plainResults, recordBatch, settledResults } from './batch.js';
import { partArguments } from '../options/keyword-arguments.js';
import type { NameResolver } from '../options/name-resolver.js';
import { ProxyCore } from './proxy-core.js';
import { type CallOptions, checkCallOptions, type PyroProxyOptions, resolveProxyOptions } from '../options/proxy-options.js';
import { createProxy, HANDLE, type ProxyHandle } from './proxy-traps.js';
import type { ProxyScope } from '../connection/proxy-scope.js';
import { optionsOfReceived } from '../options/received-proxy-options.js';
import { endsOf, type ProxySender } from '../options/received-proxies.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import type { AttributeName, AttributeValue, BatchMethods, RemoteObject, UntypedRemote } from './remote-object.js';

/** What makes a proxy of a reference: the ways of the outermost layer, so that received proxies have them, too. */
export interface ProxyEnvironment {
  /** Prototype of the proxies. */
  prototype: RemoteProxy;
  resolve: NameResolver;
  /** What the proxies belong to, and end with. Default: each is on its own. */
  scope?: ProxyScope;
}

/**
 * Calls a remote object. Whatever begins with `$` is ours, every other name is a method of the object.
 *
 * Its only subclass is `PyroProxy`, which knows how to look names up. The connection is a session of the object and carries one call at a time; further calls wait.
 *
 * @see Pyro5/client.py, `Proxy`
 */
export class RemoteProxy<T = UntypedRemote> implements AsyncDisposable {
  /** @internal */
  declare readonly [HANDLE]: ProxyHandle;

  /** What the proxy was made for: a PYRONAME or PYROMETA URI stays one, and is looked up again with each new connection. */
  get $uri(): PyroUri {
    return this[HANDLE].core.uri;
  }

  /** Names of the methods, oneway methods and attributes; undefined before the first connection. */
  get $metadata(): RemoteMetadata | undefined {
    return this[HANDLE].core.metadata;
  }

  /** Whether there is a connection now. Without one, a call opens it. */
  get $connected(): boolean {
    return this[HANDLE].core.isConnected;
  }

  /** Connects, if there is no connection; also after {@link $release}. Throws as `PyroProxy.connect` does. */
  async $connect(): Promise<this> {
    await this[HANDLE].core.connect();
    return this;
  }

  /**
   * Ends the connections; calls that run or wait fail with a ConnectionClosedError, and so do later ones.
   *
   * @returns resolves when all sockets are closed
   */
  $release(): Promise<void> {
    return this[HANDLE].core.release();
  }

  /** Reads an attribute. Throws as calls do. */
  async $get<K extends AttributeName<T>>(name: K): Promise<AttributeValue<T, K>> {
    return (await this.$call('__getattr__', name)) as AttributeValue<T, K>;
  }

  /** Writes an attribute. Throws as calls do. */
  async $set<K extends AttributeName<T>>(name: K, value: AttributeValue<T, K>): Promise<void> {
    await this.$call('__setattr__', name, value);
  }

  /**
   * Calls a method of any name.
   *
   * @throws {PyroRemoteError} the call failed over there: `pythonType`, `args`, `attributes`, `remoteTraceback`
   * @throws {TimeoutError} it took longer than `callTimeoutMs`; its connection was dropped
   * @throws {ConnectionClosedError} the connection broke, or could not be opened; `sent` says whether the call may have been
   *   carried out
   * @throws {ProtocolError} the daemon sent something else than the reply
   * @throws {SerializeError} an argument cannot be sent, or the result not be read
   */
  async $call(method: string, ...given: unknown[]): Promise<unknown> {
    const { core, callOptions } = this[HANDLE];
    return core.invoke({ method, ...partArguments(given), flags: 0 }, callOptions);
  }

  /**
   * Sends several calls as one message: `await camera.$batch((c) => { c.move(1); c.move(2); })`.
   *
   * They are carried out in order, up to the first that fails.
   *
   * @returns their results; `undefined` with `oneway`; with `settled` what became of each that was carried out
   * @throws {PyroRemoteError} of the call that failed, unless `settled`
   */
  $batch(record: (recorder: BatchMethods<T>) => void, options?: { oneway?: false; settled?: false }): Promise<unknown[]>;
  $batch(
    record: (recorder: BatchMethods<T>) => void,
    options: { oneway?: false; settled: true },
  ): Promise<PromiseSettledResult<unknown>[]>;
  $batch(record: (recorder: BatchMethods<T>) => void, options: { oneway: true }): Promise<undefined>;
  async $batch(
    record: (recorder: BatchMethods<T>) => void,
    { oneway = this[HANDLE].callOptions.oneway ?? false, settled = false }: BatchOptions = {},
  ): Promise<unknown[] | undefined> {
    const { core, callOptions } = this[HANDLE];
    const args = recordBatch(record as (recorder: object) => void);
    if (args.length === 0) return oneway ? undefined : [];
    const reply = await core.invoke({ method: BATCH_METHOD, args, kwargs: {}, flags: FLAGS.batch }, { ...callOptions, oneway });
    if (oneway) return undefined;
    return settled ? settledResults(reply) : plainResults(reply);
  }

  /**
   * The same object and connections with options for the calls made through it:
   * `await camera.$with({ signal, callTimeoutMs: 500 }).expose(0.5)`.
   */
  $with(options: CallOptions): RemoteObject<T> {
    const { core, callOptions } = this[HANDLE];
    const handle = { core, callOptions: { ...callOptions, ...checkCallOptions(options) } };
    return createProxy(Object.getPrototypeOf(this) as object, handle) as RemoteObject<T>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.$release();
  }

  toString(): string {
    return `[PyroProxy ${this.$uri}]`;
  }

  /** @internal */
  [inspect.custom](): string {
    // the target of a JavaScript Proxy is shown by itself with `%o` and in Node's REPL
    if ((this[HANDLE] as ProxyHandle | undefined) === undefined) return 'PyroProxy';
    return `PyroProxy <${this.$uri}, ${this.$connected ? 'connected' : 'not connected'}>`;
  }
}

/** A proxy for an object whose place is our own choice. Inert until it is called. */
export function proxyForUri<T>(uri: PyroUri | string, options: PyroProxyOptions, environment: ProxyEnvironment): RemoteObject<T> {
  return make(parseUri(uri, options), undefined, options, undefined, environment) as RemoteObject<T>;
}

function parseUri(uri: PyroUri | string, { connectedSocket }: PyroProxyOptions): PyroUri {
  if (typeof uri !== 'string') return uri;
  if (!connectedSocket || uri.includes(':')) return new PyroUri(uri, environmentConfig().NS_PORT);
  return PyroUri.at(uri, endsOf({ socket: connectedSocket, location: './u:<<connected-socket>>' }).remoteAddress);
}

/** A proxy that is connected. What is not handed out is not kept: a failure leaves no connection behind. */
export async function connectedProxy<T>(proxy: RemoteObject<T>): Promise<RemoteObject<T>> {
  try {
    await proxy.$connect();
  } catch (error) {
    await proxy.$release();
    throw error;
  }
  return proxy;
}

/**
 * A proxy for a reference. Inert until it is called.
 *
 * @param sender who sent it; then it carries none of our credentials, and connects only where `receivedProxies` allows.
 *   Undefined: the reference is our own
 */
export function proxyForReference<T>(
  reference: ProxyReference,
  sender: ProxySender | undefined,
  options: PyroProxyOptions,
  environment: ProxyEnvironment,
): RemoteObject<T> {
  const own = sender ? optionsOfReceived(reference, options) : { handshake: reference.handshake, ...options };
  return make(reference.uri, reference, own, sender, environment) as RemoteObject<T>;
}

function make(
  uri: PyroUri,
  reference: ProxyReference | undefined,
  options: PyroProxyOptions,
  sender: ProxySender | undefined,
  environment: ProxyEnvironment,
): object {
  const isKnown = reference && reference.methods.size + reference.attrs.size > 0;
  const core = new ProxyCore({
    uri,
    options: resolveProxyOptions(options),
    resolve: environment.resolve,
    sender,
    metadata: isKnown ? reference : undefined,
    scope: environment.scope,
    makeProxy: (received, from, parent) => proxyForReference(received, from, parent, environment),
  });
  return createProxy(environment.prototype, { core, callOptions: {} });
}
