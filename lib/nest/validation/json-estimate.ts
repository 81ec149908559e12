import { CHARACTERS_PER_OBJECT, ITEMS_PER_OBJECT, membersCount } from '../../classes/fields/checked-objects.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import { CHARACTERS } from '../../serpent/text/characters.js';

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

const { DOUBLE_QUOTE, COMMA, BRACKET_OPEN, BACKSLASH, BRACKET_CLOSE, BRACE_OPEN, BRACE_CLOSE } = CHARACTERS;

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
    if (code === DOUBLE_QUOTE) {
      const start = at;
      while (++at < text.length && text.charCodeAt(at) !== DOUBLE_QUOTE) if (text.charCodeAt(at) === BACKSLASH) at++;
      objects += Math.floor((at - start) / CHARACTERS_PER_OBJECT);
      bytes += COSTS.string + 2 * (at - start);
    } else if (code === COMMA) {
      const top = members.length - 1;
      if (top < 0) continue;
      members[top]!++;
      objects += isDict[top] ? 0 : 1 / ITEMS_PER_OBJECT;
      bytes += isDict[top] ? MEMBER_BYTES : ITEM_BYTES;
    } else if (code === BRACKET_OPEN || code === BRACE_OPEN) {
      depth = Math.max(depth, members.push(0));
      isDict.push(code === BRACE_OPEN);
      objects++;
      bytes += code === BRACE_OPEN ? COSTS.dict + MEMBER_BYTES : COSTS.list + COSTS.number;
    } else if (code === BRACKET_CLOSE || code === BRACE_CLOSE) {
      close();
    }
  }
  while (members.length > 0) close();
  return { objects, bytes, depth };
}
