import { ITEMS, CHARACTERS, membersCount } from '../../classes/fields/checked-objects.js';
import { COSTS } from '../../serpent/costs/value-costs.js';

/** The values that `JSON.parse` would make of a text. */
export interface JsonEstimate {
  /** Objects, as `objectsIn` counts them. */
  readonly objects: number;
  /** Memory in bytes. */
  readonly bytes: number;
  /** Containers around the innermost value. */
  readonly depth: number;
}

/** Memory of a member: its slot, its number, and a hidden class for its name. */
const MEMBER_BYTES = COSTS.newMember + COSTS.slot + COSTS.number;
const ITEM_BYTES = COSTS.slot + COSTS.number;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const [OPEN_LIST, CLOSE_LIST, OPEN_DICT, CLOSE_DICT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Estimates what `JSON.parse` makes of a text, without making it. A text that is no JSON may count for more than it is.
 *
 * @param most the estimate ends over this number of objects, or containers around each other, and is over it then
 */
export function estimateJson(text: string, most: { objects: number; depth: number }): JsonEstimate {
  const members: number[] = [];
  const isDict: boolean[] = [];
  let objects = 0;
  let bytes = 0;
  let depth = 0;
  const close = (): void => {
    const count = (members.pop() ?? 0) + 1;
    if (isDict.pop()) objects += membersCount(count);
  };
  for (let at = 0; at < text.length && objects <= most.objects && depth <= most.depth; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const start = at;
      while (++at < text.length && text.charCodeAt(at) !== QUOTE) if (text.charCodeAt(at) === BACKSLASH) at++;
      objects += Math.floor((at - start) / CHARACTERS);
      bytes += COSTS.string + 2 * (at - start);
    } else if (code === COMMA) {
      const top = members.length - 1;
      if (top < 0) continue;
      members[top]!++;
      objects += isDict[top] ? 0 : 1 / ITEMS;
      bytes += isDict[top] ? MEMBER_BYTES : ITEM_BYTES;
    } else if (code === OPEN_LIST || code === OPEN_DICT) {
      depth = Math.max(depth, members.push(0));
      isDict.push(code === OPEN_DICT);
      objects++;
      bytes += code === OPEN_DICT ? COSTS.dict + MEMBER_BYTES : COSTS.list + COSTS.number;
    } else if (code === CLOSE_LIST || code === CLOSE_DICT) {
      close();
    }
  }
  while (members.length > 0) close();
  return { objects, bytes, depth };
}
