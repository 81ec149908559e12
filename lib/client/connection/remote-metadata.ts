import { ProtocolError, PyroError } from '../../protocol/errors.js';
import type { PyroUri } from '../../protocol/uri.js';

/** What a remote object exposes. */
export interface RemoteMetadata {
  readonly methods: ReadonlySet<string>;
  /** Those of the methods that are called without a reply. */
  readonly oneway: ReadonlySet<string>;
  readonly attrs: ReadonlySet<string>;
}

/**
 * Reads the metadata that a daemon gives with its handshake.
 *
 * @throws {ProtocolError} when it has another shape
 * @throws {PyroError} when the object exposes nothing, as Pyro5 does: its class was not decorated
 */
export function readMetadata(value: unknown, uri: PyroUri): RemoteMetadata {
  const dict = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const metadata = { methods: namesOf(dict['methods']), oneway: namesOf(dict['oneway']), attrs: namesOf(dict['attrs']) };
  if (metadata.methods.size === 0 && metadata.attrs.size === 0) {
    throw new PyroError(`remote object "${uri}" exposes no methods or attributes; was @expose forgotten there?`);
  }
  return metadata;
}

/** Sets travel as set, tuple or list, whatever the serializer has. */
function namesOf(value: unknown): ReadonlySet<string> {
  if (Array.isArray(value) || value instanceof Set) {
    const names = [...(value as Iterable<unknown>)];
    if (names.every((name) => typeof name === 'string')) return new Set(names);
  }
  throw new ProtocolError('the metadata of an object is a dict of name sets: methods, oneway, attrs');
}
