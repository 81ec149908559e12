import { types } from 'node:util';
import type { DType } from '../../arrays/dtype.js';
import type { NdTypedArray } from '../../arrays/element-types.js';
import { bytesOfData } from '../../arrays/memory.js';
import { NdArray } from '../../arrays/nd-array.js';
import { writeNpyHeader } from '../../arrays/npy.js';
import { tupleOf } from '../../serpent/values/values.js';
import { nestedLists } from './array-lists.js';
import type { ArrayEncoding, SerializerName } from '../contract/serializer.js';

const CLASS = 'numpy.ndarray';

/** The keys of msgpack-numpy are bytes. */
const MSGPACK_NUMPY = {
  nd: Buffer.from('nd'),
  type: Buffer.from('type'),
  kind: Buffer.from('kind'),
  shape: Buffer.from('shape'),
  data: Buffer.from('data'),
};

/** The value that stands for an array on the wire. The elements are copied only if they are not contiguous. */
export function arrayValue(array: NdArray, encoding: ArrayEncoding, serializer: SerializerName): unknown {
  if (encoding === 'list') return nestedLists(array.layout);
  const { dtype } = array.layout;
  const shape = tupleOf(array.shape);
  if (encoding === 'msgpack-numpy' && serializer === 'msgpack') return msgpackNumpy(dtype, shape, bytesInOrderC(array));
  // json has no bytes
  const wire = (bytes: Buffer): Buffer | string => (serializer === 'json' ? bytes.toString('base64') : bytes);
  if (encoding === 'npy' || dtype.kind === 'struct') return { __class__: CLASS, npy: wire(npyFile(array)) };
  return { __class__: CLASS, dtype: dtype.text, shape, data: wire(bytesInOrderC(array)) };
}

/** The array of a typed array, but not of bytes. */
export function arrayOfTyped(value: object): NdArray | undefined {
  return types.isTypedArray(value) && !types.isUint8Array(value) ? NdArray.from(value as NdTypedArray) : undefined;
}

function bytesInOrderC(array: NdArray): Buffer {
  return bufferOf(bytesOfData(array.layout.dtype, array.inOrderC()));
}

function npyFile(array: NdArray): Buffer {
  const { dtype } = array.layout;
  const header = writeNpyHeader(dtype.descr, array.order === 'F', array.shape);
  return Buffer.concat([header, bytesOfData(dtype, array.data)]);
}

/** The dict has a class, so that a program with the file of `nestjs-pyro python numpy`, but without msgpack-numpy, can read it. */
function msgpackNumpy(dtype: DType, shape: readonly number[], data: Buffer): Map<unknown, unknown> {
  return new Map<unknown, unknown>([
    ['__class__', CLASS],
    [MSGPACK_NUMPY.nd, true],
    [MSGPACK_NUMPY.type, dtype.descr],
    [MSGPACK_NUMPY.kind, Buffer.from(dtype.kind === 'struct' ? 'V' : '')],
    [MSGPACK_NUMPY.shape, shape],
    [MSGPACK_NUMPY.data, data],
  ]);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
