import type { HashCollisions } from '../costs/hash-collisions.js';
import { KeyHash } from './key-hash.js';
import { isExactDouble, isSameInt, numberEqualTo } from './python-numbers.js';
import type { Spender } from '../text/text-window.js';
import { COSTS } from '../costs/value-costs.js';
import { PyComplex } from '../values/values.js';

/** Returned instead of a key when too many keys collide. */
export const TOO_MANY_COLLISIONS = Symbol('too many collisions');

/** So many unusual keys are compared one by one. That takes less time and memory than a Map. */
const FEW_KEYS = 8;
/** A key in a Map that grows. */
const KEY_COST = COSTS.mapEntry + (COSTS.mapEntry >> 1);

const hasher = new KeyHash();

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
  /** Tuples, bytes and complex numbers by their {@link KeyHash}. */
  private composed: Map<number, unknown> | undefined = undefined;
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
    const found = this.find(key, standIn);
    // an int that equals a float has another hash than its stand-in
    const isAdmitted = typeof found !== 'bigint' || found === standIn || this.collisions.admits(this.target, found);
    return isAdmitted ? found : TOO_MANY_COLLISIONS;
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
    if (standIn === undefined) return this.lookUpComposed(key);
    const simple = (this.simple ??= new Map());
    const known: unknown = simple.get(standIn);
    if (!this.collisions.admits(simple, standIn, known === undefined && standIn !== key)) return TOO_MANY_COLLISIONS;
    if (known !== undefined) return known;
    if (standIn === key) return key;
    this.spend(KEY_COST);
    simple.set(standIn, key);
    return key;
  }

  private lookUpComposed(key: unknown): unknown {
    const composed = (this.composed ??= new Map());
    // keys with the same hash follow each other; a peer cannot choose them
    for (let hash = hasher.of(key); ; hash = (hash + 1) | 0) {
      const known = composed.get(hash);
      if (known === undefined) {
        this.spend(KEY_COST);
        composed.set(hash, key);
        return key;
      }
      if (isSameKey(known, key)) return known;
    }
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

/**
 * A value that Map and Set compare as Python compares `key`; undefined for complex numbers, tuples and bytes. An int that equals a float has
 * the float as stand-in, so that no stand-in takes more memory than its key.
 */
function simpleStandIn(key: unknown): string | number | bigint | null | undefined {
  const value = numberEqualTo(key);
  if (typeof value === 'object') return value === null ? null : undefined;
  return typeof value === 'bigint' && isExactDouble(value) ? Number(value) : (value as string | number | bigint);
}

/** Compares keys as Python does, without a stand-in for each. */
function isSameKey(first: unknown, second: unknown): boolean {
  const one = numberEqualTo(first);
  const other = numberEqualTo(second);
  if (one === other) return true;
  if (typeof one === 'number')
    return typeof other === 'bigint' ? isSameInt(one, other) : Number.isNaN(one) && Number.isNaN(other);
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null)
    return typeof one === 'bigint' && typeof other === 'number' && isSameInt(other, one);
  if (Array.isArray(one)) return Array.isArray(other) && isSameTuple(one, other);
  if (one instanceof PyComplex)
    return other instanceof PyComplex && isSameNumber(one.real, other.real) && isSameNumber(one.imag, other.imag);
  return Buffer.isBuffer(one) && Buffer.isBuffer(other) && other.equals(one);
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
