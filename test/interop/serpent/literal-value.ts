import { PyComplex } from '../../../lib/serpent/index.js';
import { numberOf, type PythonValue } from '../serializers/python-value.js';

/** The value that a literal must have when it is read with `values: 'natural'`. */
export function naturalOf(typed: PythonValue): unknown {
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
    case 'dict': {
      const entries = typed[1].map(([key, item]) => [naturalOf(key), naturalOf(item)] as const);
      return typed[1].every(([key]) => key[0] === 'str') ? Object.fromEntries(entries as [string, unknown][]) : new Map(entries);
    }
    default:
      throw new TypeError(`${typed[0]} has no literal`);
  }
}

/** Converts a value as serpent's writing does: the empty set becomes an empty tuple. */
export function asWritten(typed: PythonValue): PythonValue {
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
