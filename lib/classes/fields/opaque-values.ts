import { NdArray } from '../../arrays/nd-array.js';
import { ProxyReference, referenceOf } from '../../protocol/proxy-reference.js';
import { PyroUri } from '../../protocol/uri.js';
import { SerializedBlob } from '../../serializers/contract/serialized-blob.js';
import { PyComplex, PyFloat, PyTuple } from '../../serpent/values/values.js';

/** Classes whose instances are one value. Tools that check, copy or leave out members must not look into them. */
export const OPAQUE_CLASSES = [NdArray, PyComplex, PyFloat, PyroUri, ProxyReference, SerializedBlob, Error] as const;

/** Classes of containers that are no list and no dict of texts in Python. A tool that copies their members makes a list or a dict of them. */
export const CONTAINER_CLASSES = [PyTuple, Map, Set] as const;

/** A tuple, set, frozenset, or a dict with any keys. */
export type PythonContainer = PyTuple | Map<unknown, unknown> | Set<unknown>;

/** True for an instance of an opaque class, and for a proxy. */
export function isOpaque(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype) return false;
  return OPAQUE_CLASSES.some((type) => value instanceof type) || referenceOf(value) !== undefined;
}

/** True for an opaque class itself. Classes that extend it may be classes with members, as errors of an application are. */
export function isOpaqueClass(type: unknown): boolean {
  return OPAQUE_CLASSES.includes(type as (typeof OPAQUE_CLASSES)[number]);
}

export function isPythonContainer(value: object): value is PythonContainer {
  return CONTAINER_CLASSES.some((type) => value instanceof type);
}
