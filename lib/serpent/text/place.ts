import { CHARACTERS } from './characters.js';

/** The position of an item or key in the containers of a literal. */
export interface LiteralPlace {
  /** From the outermost container inwards: the index of the item, or the source text of the dict key, cut to {@link MOST_CHARS}. */
  steps: (number | string)[];
  /** Source text of the first items of the outermost container before the place: at most {@link MOST_ITEMS}, each cut to {@link MOST_CHARS}. */
  before: string[];
}

interface Container {
  readonly isDict: boolean;
  index: number;
  /** Offset of the item. */
  start: number;
  /** End of the dict key, once its colon was read. */
  keyEnd: number | undefined;
}

/** The items of a call, or the members of a call in json. */
const MOST_ITEMS = 4;
const MOST_CHARS = 1_000;

const QUOTES = `'"`;
const { SPACE, LINE_FEED, CARRIAGE_RETURN, DOUBLE_QUOTE, HASH, QUOTE, BACKSLASH } = CHARACTERS;
const { COMMA, COLON, PAREN_OPEN, PAREN_CLOSE, BRACKET_OPEN, BRACKET_CLOSE, BRACE_OPEN, BRACE_CLOSE } = CHARACTERS;

/**
 * Finds the containers around an offset in a Python literal or in json.
 *
 * Readers do not count the items that they read, because that costs time. After a failure this function counts them: some 6 ms of CPU for 1 MiB.
 */
export function placeInLiteral(bytes: Buffer, offset: number): LiteralPlace {
  const containers: Container[] = [];
  const before: string[] = [];
  let inner: Container | undefined;
  for (let at = 0; at < offset; at++) {
    switch (bytes[at]!) {
      case QUOTE:
      case DOUBLE_QUOTE:
        // the place may be in the string itself
        at = endOfString(bytes, at, offset);
        break;
      case HASH:
        while (at + 1 < offset && bytes[at + 1] !== LINE_FEED && bytes[at + 1] !== CARRIAGE_RETURN) at++;
        break;
      case PAREN_OPEN:
      case BRACKET_OPEN:
      case BRACE_OPEN:
        containers.push((inner = { isDict: bytes[at] === BRACE_OPEN, index: 0, start: at + 1, keyEnd: undefined }));
        break;
      case PAREN_CLOSE:
      case BRACKET_CLOSE:
      case BRACE_CLOSE:
        containers.pop();
        inner = containers.at(-1);
        break;
      case COMMA:
        if (inner === undefined) break;
        if (containers.length === 1 && before.length < MOST_ITEMS) before.push(textBetween(bytes, inner.start, at));
        inner.index++;
        inner.start = at + 1;
        inner.keyEnd = undefined;
        break;
      case COLON:
        if (inner !== undefined) inner.keyEnd = at;
    }
  }
  const isDict = bytes[bytes.findIndex((byte) => byte > SPACE)] === BRACE_OPEN;
  return { steps: containers.flatMap((container) => stepOf(bytes, container)), before: isDict ? before : before.map(unquoted) };
}

/** A key that was not read to its end, or a member of a set, is no step. */
function stepOf(bytes: Buffer, { isDict, index, start, keyEnd }: Container): (number | string)[] {
  if (!isDict) return [index];
  return keyEnd === undefined ? [] : [unquoted(textBetween(bytes, start, keyEnd))];
}

/** Index of the last character of the string literal that begins at `start`; `limit` if it does not end before. */
function endOfString(bytes: Buffer, start: number, limit: number): number {
  const quote = bytes[start];
  const isTriple = bytes[start + 1] === quote && bytes[start + 2] === quote;
  for (let at = start + (isTriple ? 3 : 1); at < limit; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === quote && !isTriple) return at;
    else if (bytes[at] === quote && bytes[at + 1] === quote && bytes[at + 2] === quote) return at + 2;
  }
  return limit;
}

/** The text of a part of the literal, with one character for each byte. */
function textBetween(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, Math.min(end, start + MOST_CHARS));
}

function unquoted(source: string): string {
  const text = source.trim();
  return text.length > 1 && QUOTES.includes(text[0]!) && text.at(-1) === text[0] ? text.slice(1, -1) : text;
}
