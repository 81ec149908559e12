import { warn } from '../../reports/warning.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';

/** The beginning of the text of an AttributeError that is searched for names: a peer chooses the text. */
const MAX_CHARS = 1_000;

/** The attributes that a warning has named already, by their proxy: each connection brings metadata of its own. */
const warnedOf = new WeakMap<object, Set<string>>();

/**
 * Warns once that an attribute was read as a member of a connected proxy. The read gives undefined, because a read over the network needs
 * an `await`. The warning names `$get`.
 *
 * @param core the part that a proxy shares with what `$with` makes of it
 */
export function hintAtGet(core: { readonly metadata: RemoteMetadata | undefined }, name: string): void {
  if (!core.metadata?.attrs.has(name)) return;
  const names = warnedOf.get(core) ?? new Set();
  if (names.has(name)) return;
  warnedOf.set(core, names.add(name));
  warn(`"${name}" is an attribute of the remote object, and undefined on the proxy: ${remedy(name)}`, 'PYRO_ATTRIBUTE');
}

/**
 * Adds to the AttributeError of a call that the name of its method is an attribute.
 *
 * @param methods the method; of a batch that failed as a whole, the methods of its entries
 */
export function explainAttribute(error: unknown, metadata: RemoteMetadata, methods: readonly string[]): void {
  if (!(error instanceof PyroRemoteError) || error.pythonType !== 'builtins.AttributeError') return;
  // a Python server refuses a batch as a whole, and names the attribute
  const quoted = new Set(error.message.slice(0, MAX_CHARS).split("'").slice(1, -1));
  const name = methods.find((method) => quoted.has(method) && metadata.attrs.has(method));
  if (name !== undefined) error.message += ` ("${name}" is an attribute: ${remedy(name)})`;
}

function remedy(name: string): string {
  return `read it by await proxy.$get(${JSON.stringify(name)})`;
}
