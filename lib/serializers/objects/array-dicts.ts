import type { DType } from '../../arrays/dtype.js';
import { looksLikeDType, refuseObjects, textOf } from '../../arrays/dtype-reader.js';
import { NdArray } from '../../arrays/nd-array.js';
import { flat, isList, shapeOfNested } from '../../arrays/nested.js';
import { npyHeaderText } from '../../arrays/npy.js';
import { shapeOf, sizeOf } from '../../arrays/shape.js';
import { PyComplex } from '../../serpent/index.js';
import { complexOf } from './complex-text.js';
import { limitOf } from '../../protocol/over-limit.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import { safeText } from '../../protocol/texts/safe-text.js';
import { type Dict, memberOf } from '../contract/plain-object.js';
import { UnreadableError } from '../contract/unreadable-error.js';
import type { ArrayReads } from './array-reads.js';

type Get = (key: string) => unknown;

/** Characters of a value that an error shows. */
const MAX_SHOWN_CHARS = 100;
/** Most members of the dict of an array. */
const MOST_MEMBERS = 8;

const ARRAY_CLASSES: ReadonlySet<string> = new Set(['numpy.ndarray', 'ndarray']);
const SCALAR_CLASS = /^numpy\.(?:bool_?|u?int(?:8|16|32|64)|float(?:16|32|64)|complex(?:64|128)|str_|bytes_)$/;
/** Members of a dict without a class that stands for an array. */
const ARRAY_MEMBERS: ReadonlySet<string> = new Set(['dtype', 'shape', 'data', 'order']);
/** Longest name of a member of the dict of an array. Longer bytes are not decoded: dicts of marshal may share them. */
const MAX_NAME_BYTES = 20;
/** Ends the error about a dict without a class: the dict may stand for something else. */
const PASSES = '; if the dict is no array, the option arrays: { read: false } lets it pass';
const NPY_MAGIC = '\x93NUMPY';

/** True for the classes of NumPy's arrays and scalars. */
export function isNumpyClass(name: string): boolean {
  return ARRAY_CLASSES.has(name) || SCALAR_CLASS.test(name);
}

/**
 * Makes the array, or the value of the scalar, that a class dict stands for. The members of the dict are already converted.
 *
 * @throws {UnreadableError} on wrong members, on pickle, and on an array that costs too much
 */
export function arrayOfClass(name: string, dict: Dict, reads: ArrayReads): unknown {
  return withArrayErrors(() => {
    const get = getterOf(dict);
    if (!ARRAY_CLASSES.has(name)) return scalarOf(name, get('value'));
    if (get('npy') !== undefined) return arrayOfNpy(bytesOf(get('npy'), reads), reads);
    if (get('nd') !== undefined) return arrayOfMsgpackNumpy(get, reads);
    if (get('bytes') !== undefined && get('data') === undefined) return arrayOfFile(bytesOf(get('bytes'), reads), reads);
    if (get('dtype') !== undefined && get('data') !== undefined) return arrayOfParts(get, get('data'), reads);
    throw new UnreadableError(`the dict of a ${name} has neither npy, nor dtype and data`);
  });
}

/**
 * Makes the array that a dict without a class stands for: `{dtype, shape, data}`, `__ndarray__`, or a dict of msgpack-numpy.
 *
 * @returns undefined for every other dict
 * @throws {UnreadableError} on an array with wrong members, on pickle, and on an array that costs too much
 */
export function arrayOfDict(dict: Dict, reads: ArrayReads): unknown {
  const size = dict instanceof Map ? dict.size : Object.keys(dict).length;
  if (size < 2 || size > MOST_MEMBERS) return undefined;
  const get = getterOf(dict);
  if (typeof get('nd') === 'boolean' && looksLikeDType(get('type')) && get('data') !== undefined) {
    return withArrayErrors(() => arrayOfMsgpackNumpy(get, reads), PASSES);
  }
  if (get('complex') === true && dict instanceof Map && textOf(get('data')) !== undefined) return complexOf(textOf(get('data'))!);
  if (!looksLikeDType(get('dtype'))) return undefined;
  const own = get('__ndarray__');
  if (own !== undefined)
    return withArrayErrors(() => arrayOfParts(get, own === true ? (get('data') ?? own) : own, reads), PASSES);
  const isArray = Array.isArray(get('shape')) && isData(get('data')) && [...keysOf(dict)].every((key) => ARRAY_MEMBERS.has(key));
  return isArray ? withArrayErrors(() => arrayOfParts(get, get('data'), reads), PASSES) : undefined;
}

/** Makes an array of `dtype`, `shape`, and the data as bytes, base64 text or nested lists. If the data is lists, the shape may be missing. */
function arrayOfParts(get: Get, data: unknown, reads: ArrayReads): NdArray {
  const dtype = reads.dtype(get('dtype'));
  const isFortranOrder = get('order') === 'F' || get('fortran_order') === true || get('Corder') === false;
  if ((data instanceof Uint8Array || typeof data === 'string') && !isItem(data, dtype, get('shape'))) {
    return made(bytesOf(data, reads), dtype, get('shape'), isFortranOrder, reads);
  }
  return arrayOfLists(data, dtype, get('shape'), reads);
}

/**
 * True if the data is the single element of an array without dimensions, as text or bytes. The element is shorter than the data of the
 * array would be.
 */
function isItem(data: Uint8Array | string, dtype: DType, shape: unknown): boolean {
  if (shape !== undefined && !(Array.isArray(shape) && shape.length === 0)) return false;
  if (typeof data === 'string') return dtype.kind === 'text' && data.length <= 2 * dtype.lanes;
  return dtype.kind === 'bytes' && data.length <= dtype.itemBytes;
}

function arrayOfLists(data: unknown, dtype: DType, shapeGiven: unknown, reads: ArrayReads): NdArray {
  const given = shapeGiven === undefined || shapeGiven === null ? undefined : shapeOf(shapeGiven);
  if (dtype.kind === 'struct') return arrayOfRecords(data, dtype, given, reads);
  const nested = isList(data) ? shapeOfNested(data) : [];
  const shape = given ?? nested;
  for (const lists of shape === nested ? [nested] : [nested, shape]) reads.spendArray(dtype, lists);
  // spent before the items are visited: lists of marshal may share their items
  reads.spend(sizeOf(nested) * (8 + Math.max(8, dtype.itemBytes)));
  // lists of one dimension are the items already
  const items = Array.isArray(data) && nested.length === 1 ? data : isList(data) ? flat(data, nested) : [data];
  return NdArray.from(items, { dtype: dtype.native.text, shape });
}

/** Records as NumPy's `tolist` gives them: tuples, which are lists in json and msgpack, where only the shape tells how deep they stand. */
function arrayOfRecords(data: unknown, dtype: DType, shape: number[] | undefined, reads: ArrayReads): NdArray {
  reads.spendArray(dtype, shape ?? shapeOfNested(data, Infinity, true));
  return NdArray.fromPeer(data, { dtype: dtype.name, shape }, reads.spend);
}

function arrayOfNpy(file: Uint8Array, reads: ArrayReads): NdArray {
  const { text, dataStart } = npyHeaderText(file);
  const { descr, shape, isFortranOrder } = reads.npyHeader(text);
  return made(file.subarray(dataStart), reads.dtype(descr), shape, isFortranOrder, reads);
}

/** Makes an array of bytes of an unknown kind: an npy file, or pickle. */
function arrayOfFile(file: Uint8Array, reads: ArrayReads): NdArray {
  if (Buffer.from(file.subarray(0, NPY_MAGIC.length)).toString('latin1') === NPY_MAGIC) return arrayOfNpy(file, reads);
  throw new UnreadableError(
    'an array that comes as pickle is refused, because pickle can run code here; send numpy.save as npy, or dtype, shape and array.tobytes() as data: `npx nestjs-pyro python numpy` prints how',
  );
}

/** @see msgpack_numpy.py, `encode` */
function arrayOfMsgpackNumpy(get: Get, reads: ArrayReads): unknown {
  if (textOf(get('kind')) === 'O') refuseObjects();
  const array = made(bytesOf(get('data'), reads), reads.dtype(get('type')), get('nd') === true ? get('shape') : [], false, reads);
  if (get('nd') === true) return array;
  // an element that is a text or bytes
  reads.spend(array.layout.dtype.itemBytes);
  return array.get();
}

function made(bytes: Uint8Array, dtype: DType, shape: unknown, isFortranOrder: boolean, reads: ArrayReads): NdArray {
  // without a shape: one dimension, as numpy.frombuffer gives
  const checked = shapeOf(shape ?? [bytes.length / dtype.itemBytes]);
  reads.spendArray(dtype, checked);
  return NdArray.ofBytes(bytes, dtype, checked, isFortranOrder ? 'F' : 'C', reads.spend);
}

function scalarOf(name: string, value: unknown): unknown {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  const fits = name.startsWith('numpy.bool')
    ? typeof value === 'boolean'
    : name === 'numpy.str_'
      ? typeof value === 'string'
      : name === 'numpy.bytes_'
        ? value instanceof Uint8Array
        : isNumber || (name.startsWith('numpy.complex') && value instanceof PyComplex);
  if (!fits) throw new UnreadableError(`the value of a ${name} is none: ${peerText(safeText(value), MAX_SHOWN_CHARS)}`);
  return value;
}

/** Bytes, or the bytes of base64 text. */
function bytesOf(data: unknown, reads: ArrayReads): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data !== 'string') throw new UnreadableError('the data of an array is neither bytes nor base64 text');
  const text = data.startsWith('b64:') ? data.slice(4) : data;
  reads.spend((text.length * 3) >> 2);
  return Buffer.from(text, 'base64');
}

function isData(data: unknown): boolean {
  return typeof data === 'string' || data instanceof Uint8Array || Array.isArray(data);
}

/** Reads members by their names. The names of msgpack-numpy may be bytes. */
function getterOf(dict: Dict): Get {
  if (!(dict instanceof Map) || dict.size > MOST_MEMBERS) return (key) => memberOf(dict, key);
  const named = new Map([...(dict as Map<unknown, unknown>)].map(([key, value]) => [nameIn(key), value]));
  return (key) => named.get(key);
}

/** The name that a key is, as text or as bytes. */
function nameIn(key: unknown): string | undefined {
  return key instanceof Uint8Array && key.length > MAX_NAME_BYTES ? undefined : textOf(key);
}

function* keysOf(dict: Dict): Iterable<string> {
  for (const key of dict instanceof Map ? (dict as Map<unknown, unknown>).keys() : Object.keys(dict)) yield nameIn(key) ?? '';
}

/** Runs `work`, which reads an array. @param remedy added to the reason @throws {UnreadableError} */
function withArrayErrors<T>(work: () => T, remedy = ''): T {
  try {
    return work();
  } catch (error) {
    if (limitOf(error) !== undefined || (error instanceof UnreadableError && remedy === '')) throw error;
    const reason = error instanceof UnreadableError ? error.reason : safeText(error);
    throw new UnreadableError(reason + remedy, { cause: error });
  }
}
