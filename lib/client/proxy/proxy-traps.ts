import { inspect } from 'node:util';
import { PROXY_REFERENCE } from '../../protocol/proxy-reference.js';
import { isLocalName } from './local-names.js';
import type { ProxyCore } from './proxy-core.js';
import { partArguments } from '../options/keyword-arguments.js';
import type { CallOptions } from '../options/proxy-options.js';

/** Where a proxy keeps what it is made of. */
export const HANDLE: unique symbol = Symbol('PyroProxy handle');

/** What a proxy is made of; several may share a core. */
export interface ProxyHandle {
  core: ProxyCore;
  /** Of the calls that are made through this one. */
  callOptions: CallOptions;
}

type RemoteFunction = (...args: unknown[]) => Promise<unknown>;

/**
 * Makes the object that users call.
 *
 * @param prototype what `$` members and symbols come from
 */
export function createProxy(prototype: object, handle: ProxyHandle): object {
  return new Proxy(Object.create(prototype) as object, new ProxyTraps(handle));
}

/** Makes remote methods of names. The target itself stays empty, so that looking into a proxy shows and calls nothing. */
class ProxyTraps implements ProxyHandler<object> {
  private readonly functions = new Map<string, RemoteFunction>();

  constructor(private readonly handle: ProxyHandle) {}

  get(target: object, key: string | symbol, receiver: unknown): unknown {
    if (key === HANDLE) return this.handle;
    if (key === PROXY_REFERENCE) return this.handle.core.reference;
    if (typeof key === 'symbol' || isLocalName(key)) return Reflect.get(target, key, receiver) as unknown;
    return this.has(target, key) ? this.remoteFunction(key) : undefined;
  }

  /** Until the object's metadata is known, it may have any method. */
  has(target: object, key: string | symbol): boolean {
    if (typeof key === 'symbol' || isLocalName(key)) return Reflect.has(target, key);
    return this.handle.core.metadata?.methods.has(key) ?? true;
  }

  set(_target: object, key: string | symbol): never {
    throw new TypeError(`cannot assign to ${String(key)} of a proxy; await $set(${JSON.stringify(String(key))}, value) instead`);
  }

  defineProperty(_target: object, key: string | symbol): never {
    throw new TypeError(`cannot define ${String(key)} on a proxy`);
  }

  deleteProperty(_target: object, key: string | symbol): never {
    throw new TypeError(`cannot delete ${String(key)} of a proxy`);
  }

  setPrototypeOf(): never {
    throw new TypeError('cannot change the prototype of a proxy');
  }

  /** Handshake data is nothing for logs. */
  [inspect.custom](): string {
    return 'ProxyTraps';
  }

  private remoteFunction(name: string): RemoteFunction {
    let method = this.functions.get(name);
    if (method === undefined) {
      const { core, callOptions } = this.handle;
      method = async (...given) => core.invoke({ method: name, ...partArguments(given), flags: 0 }, callOptions);
      this.functions.set(name, method);
    }
    return method;
  }
}
