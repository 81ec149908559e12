import { warn } from '../../reports/warning.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import { PyroRemoteError } from '../../serializers/objects/exceptions.js';

/** The attributes that a warning has named already, by the metadata of their object. */
const warnedOf = new WeakMap<RemoteMetadata, Set<string>>();

/**
 * Warns once that an attribute was read as a member of a connected proxy. The read gives undefined, because a read over the network needs
 * an `await`. The warning names `$get`.
 */
export function hintAtGet(metadata: RemoteMetadata | undefined, name: string): void {
  if (!metadata?.attrs.has(name)) return;
  const names = warnedOf.get(metadata) ?? new Set();
  if (names.has(name)) return;
  warnedOf.set(metadata, names.add(name));
  warn(`"${name}" is an attribute of the remote object, and undefined on the proxy: ${remedy(name)}`, 'PYRO_ATTRIBUTE');
}

/** Adds to the AttributeError of a method call that the name is an attribute. */
export function explainAttribute(error: unknown, metadata: RemoteMetadata, method: string): void {
  if (!(error instanceof PyroRemoteError) || error.pythonType !== 'builtins.AttributeError' || !metadata.attrs.has(method))
    return;
  error.message += ` ("${method}" is an attribute: ${remedy(method)})`;
}

function remedy(name: string): string {
  return `read it by await proxy.$get(${JSON.stringify(name)})`;
}
