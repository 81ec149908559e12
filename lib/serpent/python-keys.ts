import type { HashCollisions } from './hash-collisions.js';
import { PyComplex, PyFloat } from './values.js';

/** Returned instead of a key when too many keys collide. */
export const TOO_MANY_COLLISIONS = Symbol('too many collisions');

/**
 * Finds equal keys as Python does, for a Map or Set. In Python `1`, `1.0` and `True` are one key, and equal tuples are one key; a Map
 * takes them for different keys. The first of equal keys stays in the table, as in Python.
 */
export class PythonKeys {
  /** The key for each stand-in: a value that Map compares as Python compares the key. */
  private readonly simple = new Map<unknown, unknown>();
  private readonly composed = new Map<string, unknown>();

  constructor(
    private readonly target: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>,
    private readonly collisions: HashCollisions,
  ) {}

  /** The key in the target that equals `key`, else `key` itself, which the caller then adds; or {@link TOO_MANY_COLLISIONS}. */
  resolve(key: unknown): unknown {
    const standIn = simpleStandIn(key);
    if (standIn === undefined) return this.find(this.composed, composedStandIn(key), key);
    const isItself = standIn === key;
    if (!this.collisions.admits(this.target, standIn, isItself) || !this.collisions.admits(this.simple, standIn, !isItself))
      return TOO_MANY_COLLISIONS;
    if (isItself) return this.simple.has(key) ? this.simple.get(key) : key;
    return this.target.has(standIn) ? standIn : this.find(this.simple, standIn, key);
  }

  private find<K>(known: Map<K, unknown>, standIn: K, key: unknown): unknown {
    if (known.has(standIn)) return known.get(standIn);
    known.set(standIn, key);
    return key;
  }
}

/** Strings and safe ints are their own stand-ins. */
export function isOwnStandIn(key: unknown): boolean {
  return typeof key === 'string' || Number.isSafeInteger(key);
}

/** A value that Map and Set compare as Python compares `key`; undefined for complex numbers, tuples and bytes. */
function simpleStandIn(key: unknown): string | number | bigint | null | undefined {
  switch (typeof key) {
    case 'boolean':
      return Number(key);
    case 'number':
      return Number.isInteger(key) && !Number.isSafeInteger(key) ? BigInt(key) : key;
    case 'object':
      if (key instanceof PyFloat) return simpleStandIn(key.value);
      if (key instanceof PyComplex && key.imag === 0) return simpleStandIn(key.real);
      return key === null ? null : undefined;
    default:
      return key as string | bigint;
  }
}

function composedStandIn(key: unknown): string {
  const simple = simpleStandIn(key);
  if (typeof simple === 'string') return `s${simple.length}:${simple}`;
  // A number, bigint or null. Minus zero is zero.
  if (simple !== undefined) return `n${String(simple)};`;
  if (Array.isArray(key)) return `t${key.length}(${key.map(composedStandIn).join('')})`;
  if (key instanceof PyComplex) return `c${key.real},${key.imag};`;
  return `b${(key as Buffer).toString('latin1').length}:${(key as Buffer).toString('latin1')}`;
}
