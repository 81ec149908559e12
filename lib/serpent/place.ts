/** The position of an item or key in the containers of a literal. */
export interface LiteralPlace {
  /** From the outermost container inwards: the index of the item, or the source text of the dict key. */
  steps: (number | string)[];
  /** Source text of the first items of the outermost container before the place. */
  before: string[];
}

interface Container {
  opening: string;
  index: number;
  /** Offset of the item. */
  start: number;
  /** Source text of the dict key, once its colon was read. */
  key: string | undefined;
}

/** Most items of `before`. A call names its object and method in the first ones. */
const MAX_BEFORE = 8;
const QUOTES = `'"`;

/**
 * Finds the containers around an offset in a Python literal or in json.
 *
 * Readers do not count the items that they read, because that costs time. After a failure this function counts them.
 *
 * @param text one character for each byte
 */
export function placeInLiteral(text: string, offset: number): LiteralPlace {
  const containers: Container[] = [];
  const before: string[] = [];
  for (let at = 0; at < offset; at++) {
    const char = text[at]!;
    const inner = containers.at(-1);
    if (QUOTES.includes(char)) {
      const end = endOfString(text, at);
      // the place is in the string itself
      if (end >= offset) break;
      at = end;
    } else if (char === '#') {
      while (at + 1 < offset && text[at + 1] !== '\n' && text[at + 1] !== '\r') at++;
    } else if (char === '(' || char === '[' || char === '{') {
      containers.push({ opening: char, index: 0, start: at + 1, key: undefined });
    } else if (char === ')' || char === ']' || char === '}') {
      containers.pop();
    } else if (char === ',' && inner) {
      if (containers.length === 1 && before.length < MAX_BEFORE) before.push(text.slice(inner.start, at));
      inner.index++;
      inner.start = at + 1;
      inner.key = undefined;
    } else if (char === ':' && inner) {
      inner.key = unquoted(text.slice(inner.start, at));
    }
  }
  const isDict = text.trimStart().startsWith('{');
  return { steps: containers.flatMap(stepOf), before: isDict ? before : before.map(unquoted) };
}

/** A key that was not read to its end, or a member of a set, is no step. */
function stepOf({ opening, key, index }: Container): (number | string)[] {
  if (opening !== '{') return [index];
  return key === undefined ? [] : [key];
}

/** Index of the last character of the string literal that begins at `start`. */
function endOfString(text: string, start: number): number {
  const quote = text[start]!;
  const closing = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  for (let at = start + closing.length; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text.startsWith(closing, at)) return at + closing.length - 1;
  }
  return text.length;
}

function unquoted(source: string): string {
  const text = source.trim();
  return text.length > 1 && QUOTES.includes(text[0]!) && text.at(-1) === text[0] ? text.slice(1, -1) : text;
}
