import { inspect } from 'node:util';
import { recogniseInstances } from '../../copies/process-wide.js';
import { printable } from '../../reports/printable.js';
import { BATCH_METHOD, FLAGS, GET_ATTRIBUTE, SET_ATTRIBUTE } from '../../protocol/constants.js';
import type { PyroUri } from '../../protocol/uri.js';
import { methodCall, type OutgoingCall } from '../call/outgoing-call.js';
import type { PoolUse } from '../connection/pool-parts.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import type { CallOptions } from '../options/proxy-options.js';
import { checkCallOptions } from '../options/resolve-proxy-options.js';
import { checkArgument, checkOptions, FUNCTION, SWITCH, TEXT } from '../../options/option-checks.js';
import { type BatchOptions, explainFailedEntry, plainResults, recordBatch, settledResults } from './recorded-batch.js';
import { createProxy, HANDLE, type ProxyHandle } from './proxy-traps.js';
import type { AttributeName, AttributeValue, BatchMethods, RemoteMethods, UntypedRemote } from './remote-methods.js';

/**
 * Calls a remote object. Names that begin with `$` are members of the proxy; every other name is a method of the object.
 *
 * A connection is a session of the object. It runs one call at a time; further calls wait. The only subclass is `PyroProxy`, whose
 * proxies can look up names.
 *
 * @see Pyro5/client.py, `Proxy`
 */
export class RemoteProxy<T = UntypedRemote> implements AsyncDisposable {
  static {
    recogniseInstances(this, 'RemoteProxy');
  }

  /** @internal */
  declare readonly [HANDLE]: ProxyHandle;

  /** The URI that the proxy was made for. A PYRONAME or PYROMETA URI is looked up again for each new connection. */
  get $uri(): PyroUri {
    return this[HANDLE].core.uri;
  }

  /** The names of the methods, oneway methods and attributes; undefined before the first connection. */
  get $metadata(): RemoteMetadata | undefined {
    return this[HANDLE].core.metadata;
  }

  /** True when the proxy has a connection. A call opens a connection if there is none. */
  get $connected(): boolean {
    return this[HANDLE].core.isConnected;
  }

  /**
   * The use of the connections of the proxy at this moment: open connections, connections busy with a call, and calls that wait for a
   * connection.
   */
  get $pool(): PoolUse {
    return this[HANDLE].core.poolUse;
  }

  /** Connects, if there is no connection; also after {@link $release}. Throws the same errors as `PyroProxy.connect`. */
  async $connect(): Promise<this> {
    await this[HANDLE].core.connect();
    return this;
  }

  /**
   * Closes the connections, also of the proxies in results of this proxy's calls. Calls that were made before are sent, which may take up
   * to 10 s. Calls without a reply by then, and later calls, fail with a ConnectionClosedError. A call that was sent needs no handler for
   * this error.
   *
   * @returns resolves when all sockets are closed
   */
  $release(): Promise<void> {
    return this[HANDLE].core.release();
  }

  /** Reads an attribute. Throws the same errors as {@link $call}. */
  $get<K extends AttributeName<T>>(name: K): Promise<AttributeValue<T, K>> {
    return callAttribute(this[HANDLE], GET_ATTRIBUTE, [name], (value) => value as AttributeValue<T, K>);
  }

  /** Writes an attribute. Throws the same errors as {@link $call}. */
  $set<K extends AttributeName<T>>(name: K, value: AttributeValue<T, K>): Promise<void> {
    return callAttribute(this[HANDLE], SET_ATTRIBUTE, [name, value], () => undefined);
  }

  /**
   * Calls a method by name, whatever the name is.
   *
   * @throws {PyroError} `CONFIG`, when the name is no text
   * @throws {PyroRemoteError} the call failed on the server: see `pythonType`, `args`, `attributes`, `remoteTraceback`
   * @throws {TimeoutError} the call took longer than `callTimeoutMs`; its connection was closed
   * @throws {ConnectionClosedError} the connection broke, or could not be opened; `sent` says whether the call may have been run
   * @throws {ProtocolError} the daemon sent a message that is not the reply
   * @throws {SerializeError} an argument cannot be sent, or the result cannot be read
   */
  $call(method: string, ...given: unknown[]): Promise<unknown> {
    const { core, callOptions } = this[HANDLE];
    return core.calls.callMethod(method, given, callOptions);
  }

  /**
   * Sends several calls as one message: `await camera.$batch((c) => { c.move(1); c.move(2); })`.
   *
   * The server runs them in order, up to the first that fails.
   *
   * @returns the results; with `settled` the outcome of each call that was run; with `oneway` undefined
   * @throws {PyroRemoteError} of the call that failed, unless `settled`
   * @throws {ProtocolError} the reply has not a result for each call that was run
   */
  $batch(record: (recorder: BatchMethods<T>) => void, options?: { oneway?: false; settled?: false }): Promise<unknown[]>;
  $batch(
    record: (recorder: BatchMethods<T>) => void,
    options: { oneway?: false; settled: true },
  ): Promise<PromiseSettledResult<unknown>[]>;
  $batch(record: (recorder: BatchMethods<T>) => void, options: { oneway: true }): Promise<undefined>;
  $batch(record: (recorder: BatchMethods<T>) => void, options: BatchOptions = {}): Promise<unknown[] | undefined> {
    try {
      checkOptions(options, { oneway: SWITCH, settled: SWITCH });
      checkArgument('the recorder of $batch', record, FUNCTION);
      const { core, callOptions } = this[HANDLE];
      const { oneway = callOptions.oneway ?? false, settled = false } = options;
      const args = recordBatch(record as (recorder: object) => void);
      if (args.length === 0) return Promise.resolve(oneway ? undefined : []);
      const call: OutgoingCall = { method: BATCH_METHOD, args, kwargs: {}, flags: FLAGS.batch };
      return core.calls.runAs(call, { ...callOptions, oneway }, (reply) => {
        if (oneway) return undefined;
        explainFailedEntry(reply, args, core.metadata);
        return settled ? settledResults(reply, args.length) : plainResults(reply, args.length);
      });
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /**
   * Makes a proxy with the same object and connections, and with options for the calls made through it:
   * `await camera.$with({ signal, callTimeoutMs: 500 }).expose(0.5)`.
   */
  $with(options: CallOptions): RemoteObject<T> {
    const { core, callOptions } = this[HANDLE];
    const handle = { core, callOptions: { ...callOptions, ...checkCallOptions(options) } };
    return createProxy(Object.getPrototypeOf(this) as object, handle) as RemoteObject<T>;
  }

  /** The same as `$release()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.$release();
  }

  /** The text `[PyroProxy URI]`. No remote method is called. */
  toString(): string {
    return `[PyroProxy ${printable(String(this.$uri))}]`;
  }

  /** @internal */
  [inspect.custom](): string {
    // `%o` and Node's REPL also inspect the target of a JavaScript Proxy, which has no handle
    if ((this[HANDLE] as ProxyHandle | undefined) === undefined) return 'PyroProxy';
    return `PyroProxy <${printable(String(this.$uri))}, ${this.$connected ? 'connected' : 'not connected'}>`;
  }
}

/** @param args name of the attribute, and its new value */
function callAttribute<T>(
  { core, callOptions }: ProxyHandle,
  method: string,
  args: [name: unknown, value?: unknown],
  convert: (result: unknown) => T,
): Promise<T> {
  try {
    checkArgument('the name of the attribute', args[0], TEXT);
    return core.calls.runAs(methodCall(method, args), callOptions, convert);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

/**
 * A proxy for an object with the interface `T`: its methods return promises, its iterators are streams, its attributes are read by
 * `$get` and written by `$set`.
 *
 * ```ts
 * interface Camera {
 *   gain: number;
 *   expose(seconds: number, binning?: number): Buffer;
 *   frames(): Iterator<Buffer>;
 * }
 * const camera = await PyroProxy.connect<Camera>('PYRONAME:lab.camera');
 * await camera.expose(0.5, kwargs({ binning: 2 }));
 * ```
 */
export type RemoteObject<T = UntypedRemote> = RemoteProxy<T> & RemoteMethods<T>;

/** True for a remote object, also one of another copy of this package. Objects of other packages may throw when they are asked for a member. */
export function isRemoteObject(value: unknown): value is RemoteProxy {
  try {
    return value instanceof RemoteProxy;
  } catch {
    return false;
  }
}
