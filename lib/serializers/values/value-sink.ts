import type { PyComplex, PyFloat } from '../../serpent/index.js';
import type { MarshalSingleton } from '../contract/marshal-singleton.js';

/** Thrown by a sink that cannot write a value. `ValueWriter` adds the path to the value, which a sink does not know. */
export class Unwritable extends Error {
  /**
   * @param what cannot be written, a noun
   * @param limit name of the limit that was reached
   */
  constructor(
    readonly what: string,
    readonly limit?: string,
  ) {
    super(what);
  }
}

/**
 * Writes the parts of a value in one format: marshal, json or msgpack. A container is announced with its length; the members follow,
 * then `end`.
 *
 * All methods may throw {@link Unwritable}.
 */
export interface ValueSink {
  none(): void;
  bool(value: boolean): void;
  /** A safe integer or a bigint. */
  int(value: number | bigint): void;
  float(value: number): void;
  complex(value: PyComplex): void;
  string(value: string): void;
  bytes(value: Uint8Array): void;
  /** A sink without this method cannot write the value. */
  singleton?(value: MarshalSingleton): void;
  list(length: number): void;
  tuple(length: number): void;
  set(length: number): void;
  frozenset(length: number): void;
  /** Keys and values follow in turn. */
  dict(length: number): void;
  /**
   * Writes a dict key that is no tuple or frozenset. A sink without this method writes keys like values.
   *
   * @returns the text of a key that is no string and was written as text
   */
  key?(key: DictKey): string | undefined;
  end(): void;
}

/** A dict key that is no container. */
export type DictKey = string | number | bigint | boolean | null | PyFloat | PyComplex | Uint8Array;
