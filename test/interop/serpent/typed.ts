import { PyComplex, PyFloat, PyTuple } from '../../../lib/serpent/index.js';

/** A Python value with its types: what `typed` of literals.py prints. */
export type Typed =
  | ['none']
  | ['bool', boolean]
  | ['int' | 'float' | 'str' | 'bytes', string]
  | ['complex', string, string]
  | ['list' | 'tuple' | 'set', Typed[]]
  | ['dict', [Typed, Typed][]];

/** The typed form of what was read with `values: 'faithful'`. */
export function typedOf(value: unknown): Typed {
  if (value === null) return ['none'];
  if (typeof value === 'boolean') return ['bool', value];
  if (typeof value === 'number' || typeof value === 'bigint') return ['int', String(BigInt(value))];
  if (typeof value === 'string') return ['str', value];
  if (value instanceof PyFloat) return ['float', bitsOf(value.value)];
  if (value instanceof PyComplex) return ['complex', bitsOf(value.real + 0), bitsOf(value.imag + 0)];
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')];
  if (value instanceof PyTuple) return ['tuple', value.map(typedOf)];
  if (Array.isArray(value)) return ['list', value.map(typedOf)];
  if (value instanceof Set) return ['set', [...value].map(typedOf).toSorted(byText)];
  if (value instanceof Map) return ['dict', Array.from(value, ([key, item]) => [typedOf(key), typedOf(item)])];
  throw new TypeError('not a faithful value');
}

/** What is to be read with `values: 'natural'`. */
export function naturalOf(typed: Typed): unknown {
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
      return numberOf(typed[1]);
    case 'complex':
      return new PyComplex(numberOf(typed[1]), numberOf(typed[2]));
    case 'bytes':
      return Buffer.from(typed[1], 'hex');
    case 'list':
    case 'tuple':
      return typed[1].map(naturalOf);
    case 'set':
      return new Set(typed[1].map(naturalOf));
    default: {
      const entries = typed[1].map(([key, item]) => [naturalOf(key), naturalOf(item)] as const);
      return typed[1].every(([key]) => key[0] === 'str') ? Object.fromEntries(entries as [string, unknown][]) : new Map(entries);
    }
  }
}

/** Python's sets have no order; theirs is the order of their members' JSON. */
export function byText(one: Typed, other: Typed): number {
  const [left, right] = [JSON.stringify(one), JSON.stringify(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** As serpent writes it: the empty set is an empty tuple. */
export function asWritten(typed: Typed): Typed {
  switch (typed[0]) {
    case 'list':
    case 'tuple':
      return [typed[0], typed[1].map(asWritten)];
    case 'set':
      return typed[1].length === 0 ? ['tuple', []] : typed;
    case 'dict':
      return ['dict', typed[1].map(([key, item]) => [asWritten(key), asWritten(item)])];
    default:
      return typed;
  }
}

/** Sorts set members again: JSON of here and of Python differ in their blanks and escapes, so their orders do. */
export function sorted(typed: Typed): Typed {
  switch (typed[0]) {
    case 'list':
    case 'tuple':
      return [typed[0], typed[1].map(sorted)];
    case 'set':
      return ['set', typed[1].map(sorted).toSorted(byText)];
    case 'dict':
      return ['dict', typed[1].map(([key, item]) => [sorted(key), sorted(item)])];
    default:
      return typed;
  }
}

function bitsOf(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
}

function numberOf(bits: string): number {
  return bits === 'nan' ? NaN : Buffer.from(bits, 'hex').readDoubleBE();
}
