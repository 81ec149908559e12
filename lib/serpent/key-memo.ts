import { isSpecialKey } from './special-dicts.js';

/** `'key':` as it was read last at some place of the text, and what stood after it. Records mostly repeat their keys. */
export class KeyMemo {
  readonly source: string;
  readonly key: string;
  readonly special: boolean;
  /** First key of the dicts in this key's value. */
  first: KeyMemo | undefined = undefined;
  /** Key after this one in the same dict. */
  next: KeyMemo | undefined = undefined;

  constructor(source: string, key: string) {
    this.source = source;
    this.key = key;
    this.special = isSpecialKey(key);
  }
}

/** The dict so far, as a Map. The memos from `parent` to `last` are its keys, in the order of the text: an object's may be in another. */
export function mapOf(dict: Record<string, unknown>, parent: KeyMemo, last: KeyMemo): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let memo = parent; memo !== last;) {
    memo = memo === parent ? parent.first! : memo.next!;
    map.set(memo.key, dict[memo.key]);
  }
  return map;
}
