/** Where a value of a type goes: an argument comes from Python, a result goes there, a member of a class both ways. */
export type Direction = 'argument' | 'result' | 'member';

/** Types of JavaScript and of this package, and what their values are in Python: docs/values.md. */
const NAMED: Readonly<Record<string, string | ({ result: string } & Partial<Record<Direction, string>>) | undefined>> = {
  Date: { argument: 'datetime | str', result: 'str', member: 'datetime' },
  Buffer: 'bytes',
  Uint8Array: 'bytes',
  ArrayBuffer: 'bytes',
  SharedArrayBuffer: 'bytes',
  DataView: 'bytes',
  // an array of NumPy is no Sequence
  Float32Array: { argument: 'Collection[float]', result: 'list[float]' },
  Float64Array: { argument: 'Collection[float]', result: 'list[float]' },
  // Pyro5's side reads an array by a file that the user takes or not
  NdArray: 'Any',
  PyComplex: 'complex',
  PyFloat: 'float',
  PyTuple: 'tuple[Any, ...]',
  PyFrozenSet: 'frozenset[Any]',
  PyroUri: 'Any',
  ProxyReference: 'Any',
  SerializedBlob: 'Any',
  Error: { argument: 'Any', result: 'Exception' },
  Readable: { argument: 'Any', result: 'Iterator[Any]' },
};
/** JavaScript's classes as types of fields. */
const SCALARS: Readonly<Record<string, string | undefined>> = {
  Number: 'float',
  String: 'str',
  Boolean: 'bool',
  BigInt: 'int',
  Date: 'datetime',
  Buffer: 'bytes',
  Uint8Array: 'bytes',
};
const INTEGERS = /^(?:Int8|Int16|Int32|Uint8Clamped|Uint16|Uint32|BigInt64|BigUint64)Array$/;
const PROMISES = new Set(['Promise', 'PromiseLike']);
const ITERATORS =
  /^(?:Async)?(?:Generator|Iterator|IterableIterator|IteratorObject)$|^AsyncIterable$|^RemoteStream$|^(?:Array|Map|Set|String)Iterator$/;

/** The Python type of a type without type arguments that has a known name; undefined for other names. */
export function knownType(name: string, direction: Direction): string | undefined {
  if (INTEGERS.test(name)) return direction === 'argument' ? 'Collection[int]' : 'list[int]';
  const known = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  return typeof known === 'object' ? (known[direction] ?? known.result) : known;
}

/** The Python type of a class of JavaScript in the option `fields`; undefined for other names. */
export function fieldType(name: string): string | undefined {
  return Object.hasOwn(SCALARS, name) ? SCALARS[name] : undefined;
}

export function isPromise(name: string | undefined): boolean {
  return name !== undefined && PROMISES.has(name);
}

export function isIterator(name: string | undefined): boolean {
  return name !== undefined && ITERATORS.test(name);
}
