import type { HashCollisions } from './hash-collisions.js';
import type { Spender } from './text-window.js';
import { COSTS } from './value-costs.js';
import { PyComplex, PyFloat } from './values.js';

/** Returned instead of a key when too many keys collide. */
export const TOO_MANY_COLLISIONS = Symbol('too many collisions');

/** So many unusual keys are compared one by one. That takes less time and memory than a Map, and a text for each key. */
const FEW_KEYS = 8;
/** A key in a Map that grows, without its text. */
const KEY_COST = COSTS.mapEntry + (COSTS.mapEntry >> 1);

/**
 * Finds equal keys as Python does, for a Map or Set. In Python `1`, `1.0` and `True` are one key, and equal tuples are one key; a Map
 * takes them for different keys. The first of equal keys stays in the table, as in Python.
 */
export class PythonKeys {
  /** The unusual keys of the table, which a Map does not compare as Python does; undefined once they are in the Maps below. */
  private few: unknown[] | undefined = [];
  /** The {@link simpleStandIn} of each of the few keys. */
  private readonly fewStandIns: unknown[] = [];
  private simple: Map<unknown, unknown> | undefined = undefined;
  private composed: Map<string, unknown> | undefined = undefined;
  /** Memory of the Maps. It is spent while the table is read. */
  spentBytes = 0;

  /** @param first the first key of the table; further keys of the table are texts and safe ints */
  constructor(
    private readonly target: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>,
    first: unknown,
    private readonly collisions: HashCollisions,
    private readonly reader: Spender,
  ) {
    const standIn = simpleStandIn(first);
    if (standIn !== first) this.find(first, standIn);
  }

  /** The key in the target that equals `key`, else `key` itself, which the caller then adds; or {@link TOO_MANY_COLLISIONS}. */
  resolve(key: unknown): unknown {
    const standIn = simpleStandIn(key);
    if (standIn !== undefined) {
      const isKnown = this.target.has(standIn);
      if (!this.collisions.admits(this.target, standIn, !isKnown && standIn === key)) return TOO_MANY_COLLISIONS;
      if (isKnown) return standIn;
      if (typeof key === 'string') return key;
    }
    return this.find(key, standIn);
  }

  private find(key: unknown, standIn: unknown): unknown {
    const { few, fewStandIns } = this;
    if (few === undefined) return this.lookUp(key, standIn);
    for (let index = 0; index < few.length; index++) {
      const known = few[index];
      if (standIn === undefined ? isSameKey(known, key) : isSameNumber(fewStandIns[index], standIn)) return known;
    }
    if (standIn === key) return key;
    few.push(key);
    fewStandIns.push(standIn);
    if (few.length === FEW_KEYS) {
      this.few = undefined;
      for (let index = 0; index < few.length; index++) this.lookUp(few[index], fewStandIns[index]);
    }
    return key;
  }

  private lookUp(key: unknown, standIn: unknown): unknown {
    if (standIn === undefined) {
      const text = composedStandIn(key);
      const known = this.composed?.get(text);
      if (known !== undefined) return known;
      this.spend(KEY_COST + COSTS.string + text.length);
      (this.composed ??= new Map()).set(text, key);
    } else {
      const simple = (this.simple ??= new Map());
      const known: unknown = simple.get(standIn);
      if (!this.collisions.admits(simple, standIn, known === undefined && standIn !== key)) return TOO_MANY_COLLISIONS;
      if (known !== undefined) return known;
      if (standIn === key) return key;
      this.spend(KEY_COST);
      simple.set(standIn, key);
    }
    return key;
  }

  private spend(bytes: number): void {
    this.spentBytes += bytes;
    this.reader.spend(bytes);
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

/** A text that is the same for equal keys, and for no others. */
function composedStandIn(key: unknown): string {
  const simple = simpleStandIn(key);
  if (typeof simple === 'string') return `s${simple.length}:${simple}`;
  // A number, bigint or null. Minus zero is zero.
  if (simple !== undefined) return `n${String(simple)};`;
  if (Array.isArray(key)) {
    let text = `t${key.length}(`;
    for (const item of key as unknown[]) text += composedStandIn(item);
    return `${text})`;
  }
  if (key instanceof PyComplex) return `c${key.real},${key.imag};`;
  const bytes = key as Buffer;
  return `b${bytes.length}:${bytes.toString('latin1')}`;
}

/** Compares keys as {@link composedStandIn} does, without a text for each. */
function isSameKey(one: unknown, other: unknown): boolean {
  const standIn = simpleStandIn(one);
  const otherStandIn = simpleStandIn(other);
  if (standIn !== undefined || otherStandIn !== undefined) return isSameNumber(standIn, otherStandIn);
  if (Array.isArray(one)) return Array.isArray(other) && isSameTuple(one, other);
  if (one instanceof PyComplex)
    return other instanceof PyComplex && isSameNumber(one.real, other.real) && isSameNumber(one.imag, other.imag);
  return Buffer.isBuffer(other) && other.equals(one as Buffer);
}

function isSameTuple(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (!isSameKey(one[index], other[index])) return false;
  return true;
}

/** As Map and Set compare, where nan is a key like others. */
function isSameNumber(one: unknown, other: unknown): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}
