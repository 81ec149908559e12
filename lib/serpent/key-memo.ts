import { isIndexKey } from './index-keys.js';
import { isSpecialKey } from './special-dicts.js';

/** Remembers `'key':` and the key after it, because records mostly repeat their keys: a known key is compared, not read. */
export class KeyMemo {
  readonly source: string;
  readonly key: string;
  readonly special: boolean;
  readonly isIndex: boolean;
  /** First key of the dicts in the value of this key. */
  first: KeyMemo | undefined = undefined;
  /** Key after this one in the same dict. */
  next: KeyMemo | undefined = undefined;

  constructor(source: string, key: string) {
    this.source = source;
    this.key = key;
    this.special = isSpecialKey(key);
    this.isIndex = isIndexKey(key);
  }
}

/** Converts an unfinished dict to a Map. The memos from `parent` to `last` give the keys in the order of the text; an object may have another order. */
export function mapOf(dict: Record<string, unknown>, parent: KeyMemo, last: KeyMemo): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let memo = parent; memo !== last;) {
    memo = memo === parent ? parent.first! : memo.next!;
    map.set(memo.key, dict[memo.key]);
  }
  return map;
}
