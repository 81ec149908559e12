const ZERO = 48;
const NINE = 57;
/** Digits of the largest index, 4294967294. */
const MOST_DIGITS = 10;
const LARGEST_INDEX = 2 ** 32 - 2;

/** True for a key that V8 stores as an array element: `"0"` to `"4294967294"`, without leading zeros. */
export function isIndexKey(key: string): boolean {
  const { length } = key;
  if (length === 0 || length > MOST_DIGITS) return false;
  for (let at = 0; at < length; at++) {
    const code = key.charCodeAt(at);
    if (code < ZERO || code > NINE) return false;
  }
  return (length === 1 || key.charCodeAt(0) !== ZERO) && Number(key) <= LARGEST_INDEX;
}

/**
 * Makes V8 store the index keys of a plain object in a hash table. Call this function before the object gets its first index key.
 *
 * Otherwise V8 stores the keys in an array whose length is the largest key: `{'1023': 0}` takes 12,496 bytes instead of 208, and 19 µs
 * instead of 0.3. The hash of this table has a seed, so a peer cannot make keys that collide. The object behaves the same. Its further
 * index keys take 50 to 60 bytes each; an array without gaps would take 10.
 *
 * An index over 2^29 makes V8 choose the hash table for good, also after the index was deleted.
 *
 * @see V8, src/objects/dictionary.h, `NumberDictionary::kRequiresSlowElementsLimit`
 */
export function storeIndexKeysInHashTable(object: Record<string, unknown>): void {
  object[LARGEST_INDEX] = undefined;
  delete object[LARGEST_INDEX];
}
