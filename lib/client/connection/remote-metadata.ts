import { ProtocolError, PyroError } from '../../protocol/errors.js';
import { memberNames } from '../../protocol/proxy-reference.js';
import type { PyroUri } from '../../protocol/uri.js';

/** The members that a remote object exposes. */
export interface RemoteMetadata {
  /** Wire names of the exposed methods. */
  readonly methods: ReadonlySet<string>;
  /** The methods that are called without waiting for a reply. */
  readonly oneway: ReadonlySet<string>;
  /** Wire names of the exposed attributes. */
  readonly attrs: ReadonlySet<string>;
}

/** The errors of objects that expose nothing. */
const withoutMembers = new WeakSet<object>();

/** True for the error of an object that exposes nothing. */
export function exposesNothing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && withoutMembers.has(error);
}

/**
 * Reads the metadata that a daemon sends with its answer to the handshake.
 *
 * @throws {ProtocolError} when the metadata has another shape
 * @throws {PyroError} when the object exposes nothing, as in Pyro5: its class was not decorated
 */
export function readMetadata(value: unknown, uri: PyroUri): RemoteMetadata {
  const dict = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const metadata = { methods: nameSetOf(dict['methods']), oneway: nameSetOf(dict['oneway']), attrs: nameSetOf(dict['attrs']) };
  if (metadata.methods.size === 0 && metadata.attrs.size === 0) {
    const error = new PyroError(`remote object "${uri}" exposes no methods or attributes; was @expose forgotten there?`);
    withoutMembers.add(error);
    throw error;
  }
  return metadata;
}

/** A set arrives as set, tuple or list, depending on the serializer. */
function nameSetOf(value: unknown): ReadonlySet<string> {
  if (Array.isArray(value) || value instanceof Set) {
    const names = [...(value as Iterable<unknown>)];
    if (names.every((name) => typeof name === 'string')) return memberNames(names);
  }
  throw new ProtocolError('the metadata of an object is a dict of name sets: methods, oneway, attrs');
}
