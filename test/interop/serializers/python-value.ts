import { PyComplex, PyFloat, PyTuple } from '../../../lib/serpent/index.js';

/** A Python value with its types, as values.py and literals.py print it. Floats are their bits in hex, or `nan`. */
export type PythonValue =
  | ['none']
  | ['bool', boolean]
  | ['int' | 'float' | 'str' | 'bytes', string]
  | ['complex', string, string]
  | ['list' | 'tuple' | 'set' | 'frozenset', PythonValue[]]
  | ['dict', [PythonValue, PythonValue][]]
  | ['exception', type: string, args: PythonValue, attributes: PythonValue, text?: string]
  | ['uri' | 'proxy' | 'datetime' | 'date' | 'decimal' | 'uuid', string]
  | ['timedelta', number]
  | ['wrapper', PythonValue];

export const float = (value: number): PythonValue => ['float', bitsOf(value)];
export const int = (value: number | bigint): PythonValue => ['int', String(value)];
export const str = (value: string): PythonValue => ['str', value];

/** Adds the Python types to a value that was read with `values: 'faithful'`. */
export function typedOf(value: unknown): PythonValue {
  if (value === null) return ['none'];
  if (typeof value === 'boolean') return ['bool', value];
  if (typeof value === 'bigint') return ['int', String(value)];
  if (typeof value === 'number' && Number.isSafeInteger(value)) return ['int', String(value)];
  if (typeof value === 'string') return ['str', value];
  if (value instanceof PyFloat) return float(value.value);
  if (value instanceof PyComplex) return ['complex', bitsOf(value.real + 0), bitsOf(value.imag + 0)];
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')];
  if (Array.isArray(value)) return [value instanceof PyTuple ? 'tuple' : 'list', Array.from(value as unknown[], typedOf)];
  if (value instanceof Set) return ['set', [...value].map(typedOf)];
  if (value instanceof Map) return ['dict', Array.from(value, ([key, item]) => [typedOf(key), typedOf(item)])];
  throw new TypeError('not a faithful value');
}

/** Makes the JavaScript value that is written as the given Python value. */
export function faithfulOf(typed: PythonValue): unknown {
  switch (typed[0]) {
    case 'none':
      return null;
    case 'bool':
    case 'str':
      return typed[1];
    case 'int': {
      const number = Number(typed[1]);
      return Number.isSafeInteger(number) ? number : BigInt(typed[1]);
    }
    case 'float':
      return new PyFloat(numberOf(typed[1]));
    case 'complex':
      return new PyComplex(numberOf(typed[1]), numberOf(typed[2]));
    case 'bytes':
      return Buffer.from(typed[1], 'hex');
    case 'list':
      return typed[1].map(faithfulOf);
    case 'tuple':
      return PyTuple.from(typed[1].map(faithfulOf));
    case 'set':
    case 'frozenset':
      return new Set(typed[1].map(faithfulOf));
    case 'dict':
      return new Map(typed[1].map(([key, item]) => [faithfulOf(key), faithfulOf(item)]));
    default:
      throw new TypeError(`${typed[0]} is no plain value`);
  }
}

/** Sorts the members of sets. */
export function sorted(typed: PythonValue): PythonValue {
  switch (typed[0]) {
    case 'list':
    case 'tuple':
      return [typed[0], typed[1].map(sorted)];
    case 'set':
    case 'frozenset':
      return ['set', typed[1].map(sorted).toSorted(byText)];
    case 'dict':
      return ['dict', typed[1].map(([key, item]) => [sorted(key), sorted(item)])];
    default:
      return typed;
  }
}

/**
 * Converts a value as reading with `values: 'natural'` and writing again does: tuples become lists, except in keys and
 * members of sets, and whole floats become ints.
 */
export function natural(typed: PythonValue): PythonValue {
  switch (typed[0]) {
    case 'float': {
      const number = numberOf(typed[1]);
      return Number.isSafeInteger(number) && !Object.is(number, -0) ? int(number) : typed;
    }
    case 'list':
    case 'tuple':
      return ['list', typed[1].map(natural)];
    case 'set':
      return ['set', typed[1].map(naturalKey)];
    case 'dict':
      return ['dict', typed[1].map(([key, item]) => [naturalKey(key), natural(item)])];
    default:
      return typed;
  }
}

function naturalKey(typed: PythonValue): PythonValue {
  if (typed[0] === 'tuple') return ['tuple', typed[1].map((item) => (item[0] === 'float' ? natural(item) : naturalKey(item)))];
  // Map and Set turn -0 into 0
  return typed[0] === 'float' && numberOf(typed[1]) === 0 ? int(0) : natural(typed);
}

/** Converts serpent's dicts for bytes to bytes, which Pyro5 leaves to its users. */
export function withBytes(typed: PythonValue): PythonValue {
  switch (typed[0]) {
    case 'list':
    case 'tuple':
      return [typed[0], typed[1].map(withBytes)];
    case 'dict':
      return bytesOf(typed[1]) ?? ['dict', typed[1].map(([key, item]) => [key, withBytes(item)])];
    default:
      return typed;
  }
}

function bytesOf(entries: [PythonValue, PythonValue][]): PythonValue | undefined {
  const members = new Map(entries.map(([key, item]) => [key[1], item]));
  const data = members.get('data');
  const encoding = members.get('encoding');
  if (entries.length !== 2 || data?.[0] !== 'str' || encoding?.[1] !== 'base64') return undefined;
  const bytes = Buffer.from(data[1], 'base64');
  return bytes.toString('base64') === data[1] ? ['bytes', bytes.toString('hex')] : undefined;
}

function byText(one: PythonValue, other: PythonValue): number {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function bitsOf(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

export function numberOf(bits: string): number {
  return bits === 'nan' ? NaN : Buffer.from(bits, 'hex').readDoubleBE();
}
