import { inspect } from 'node:util';
import { sharedSymbol } from '../../copies/process-wide.js';
import { PROXY_REFERENCE } from '../../protocol/proxy-reference.js';
import { hintAtGet } from '../call/attribute-hints.js';
import { isLocalName, mayBeRemote } from './local-names.js';
import { RefusedChanges } from './refused-changes.js';
import type { ProxyCore } from './proxy-core.js';
import type { CallOptions } from '../options/proxy-options.js';

/** The member of a proxy that gives its {@link ProxyHandle}. Every copy of this package has the same symbol. */
export const HANDLE: unique symbol = sharedSymbol('proxy-handle') as never;

/** The state of a proxy. Several proxies may share a core. */
export interface ProxyHandle {
  core: ProxyCore;
  /** Options of the calls made through this proxy. */
  callOptions: CallOptions;
}

type RemoteFunction = (...args: unknown[]) => Promise<unknown>;

/**
 * Makes a proxy: the object whose methods users call.
 *
 * @param prototype has the members that begin with `$`, and the symbols
 */
export function createProxy(prototype: object, handle: ProxyHandle): object {
  return new Proxy(Object.create(prototype) as object, new ProxyTraps(handle));
}

/** Gives a remote method for every name that is not local. The target is empty, so that inspecting a proxy calls nothing. */
class ProxyTraps extends RefusedChanges {
  private functions: Map<string, RemoteFunction> | undefined;

  constructor(private readonly handle: ProxyHandle) {
    super();
  }

  get(target: object, key: string | symbol, receiver: unknown): unknown {
    if (key === HANDLE) return this.handle;
    if (key === PROXY_REFERENCE) return this.handle.core.reference;
    if (typeof key === 'symbol' || isLocalName(key)) return Reflect.get(target, key, receiver) as unknown;
    if (this.has(target, key)) return this.remoteFunction(key);
    hintAtGet(this.handle.core, key);
    return undefined;
  }

  /** Until the metadata is known, the object may have any method, except the names that libraries look for on every object. */
  has(target: object, key: string | symbol): boolean {
    if (typeof key === 'symbol' || isLocalName(key)) return Reflect.has(target, key);
    const { metadata } = this.handle.core;
    return metadata ? metadata.methods.has(key) : mayBeRemote(key);
  }

  /** Keeps handshake data out of logs. */
  [inspect.custom](): string {
    return 'ProxyTraps';
  }

  private remoteFunction(name: string): RemoteFunction {
    let method = this.functions?.get(name);
    if (method === undefined) {
      const { core, callOptions } = this.handle;
      method = (...given) => core.calls.callMethod(name, given, callOptions);
      (this.functions ??= new Map()).set(name, method);
    }
    return method;
  }
}
