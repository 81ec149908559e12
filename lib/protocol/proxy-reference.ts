import { types } from 'node:util';
import { recogniseInstances } from '../copies/process-wide.js';
import { isLongText } from '../serpent/costs/hash-collisions.js';
import { isIndexKey } from '../serpent/costs/index-keys.js';
import { DEFAULT_HANDSHAKE } from './constants.js';
import { PyroError } from './errors.js';
import { optionText } from './texts/safe-text.js';
import { PyroUri } from './uri.js';

/** The member of a value that travels as a proxy: its {@link ProxyReference}. */
export const PROXY_REFERENCE: unique symbol = Symbol.for('nestjs-pyro:proxy-reference');

/**
 * A remote object as it travels: its URI and the members it exposes. A reference opens no connection.
 *
 * @see Pyro5/client.py, `Proxy.__getstate__`
 */
export class ProxyReference {
  static {
    recogniseInstances(this, 'ProxyReference');
  }

  /** @throws {PyroError} when the URI is no PyroUri, or members are no Sets */
  constructor(
    /** URI of the object. */
    readonly uri: PyroUri,
    /** Wire names of the methods for whose reply clients do not wait. Default none. */
    readonly oneway: ReadonlySet<string> = new Set(),
    /** Wire names of all exposed methods. Default none. A receiver that gets neither methods nor attributes asks the daemon for them. */
    readonly methods: ReadonlySet<string> = new Set(),
    /** Wire names of the exposed attributes. Default none. */
    readonly attrs: ReadonlySet<string> = new Set(),
    /** Handshake data of the proxy; `hello` unless the owner shares its own data. */
    readonly handshake: unknown = DEFAULT_HANDSHAKE,
    /** Serializer that the owner prefers; undefined: the receiver's default. */
    readonly serializer: string | undefined = undefined,
  ) {
    if (!(uri instanceof PyroUri)) {
      const text = `the uri of a ProxyReference is ${optionText(uri)}; it must be a PyroUri: new PyroUri('PYRO:object@host:port')`;
      throw new PyroError(text, { code: 'BAD_URI' });
    }
    for (const names of [oneway, methods, attrs]) {
      if (!types.isSet(names)) throw new PyroError(`the members of a ProxyReference are Sets of names, not ${optionText(names)}`);
    }
  }

  /** Makes a reference of the state that {@link toState} gives. @throws {PyroError} when the state has another shape */
  static fromState(state: readonly unknown[]): ProxyReference {
    const [uri, oneway, methods, attrs, handshake, serializer] = state;
    if (typeof uri !== 'string' || state.length < 6)
      throw new PyroError('the state of a proxy is (uri, oneway, methods, attrs, handshake, serializer)');
    return new ProxyReference(
      new PyroUri(uri),
      namesOf(oneway),
      namesOf(methods),
      namesOf(attrs),
      handshake,
      typeof serializer === 'string' ? serializer : undefined,
    );
  }

  /** @internal */
  get [PROXY_REFERENCE](): ProxyReference {
    return this;
  }

  /** The state as a Python proxy has it: uri, oneway, methods, attrs, handshake, serializer. Null is the receiver's default serializer. */
  toState(): unknown[] {
    return [String(this.uri), [...this.oneway], [...this.methods], [...this.attrs], this.handshake, this.serializer ?? null];
  }
}

/**
 * Makes a Set of the member names that a peer sent, without names like `'65536'` and {@link isLongText}: no member has such a name, and
 * V8 takes quadratic time for a Set of them (of those like `'65536'` in older versions of Node).
 */
export function memberNames(names: readonly string[]): Set<string> {
  return new Set(names.filter((name) => !isIndexKey(name) && !isLongText(name)));
}

function namesOf(value: unknown): Set<string> {
  if (!Array.isArray(value) && !(value instanceof Set))
    throw new PyroError('the member names of a proxy are a list, tuple or set');
  return memberNames([...value].filter((name): name is string => typeof name === 'string'));
}

/** The reference of a proxy or of a reference; undefined for every other value. */
export function referenceOf(value: object): ProxyReference | undefined {
  return (value as { [PROXY_REFERENCE]?: ProxyReference })[PROXY_REFERENCE];
}
