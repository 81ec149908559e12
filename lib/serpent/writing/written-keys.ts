/**
 * A dict key that was written after certain other keys, as bytes. Records mostly repeat their keys in the same order. Copying the bytes of
 * a key takes 5 ns, writing the key 12 ns.
 */
export class WrittenKey {
  /** The key after this key. */
  next: WrittenKey | undefined = undefined;
  /** The first key of the dicts in the value of this key. */
  first: WrittenKey | undefined = undefined;

  /** @param bytes with the comma or the brace before it, and the colon: `,'key':` */
  constructor(
    readonly key: string,
    readonly bytes: Uint8Array,
  ) {}

  add(key: string, bytes: Uint8Array, isFirst: boolean): WrittenKey {
    const added = new WrittenKey(key, bytes);
    if (isFirst) this.first = added;
    else this.next = added;
    return added;
  }
}
