import { codeOf } from './python-regex-text.js';

/** The code points of the first and the last character of a range. */
export type CharacterRange = readonly [first: number, last: number];

/** A class as `\d`, written for re2js. */
export interface CharacterClass {
  /** Outside of a set. */
  readonly alone: string;
  /** Inside of a set; undefined when re2js has no way to write it there. */
  readonly inSet: string | undefined;
  /** True when ranges of tens of thousands of characters stand for it, and not a class of Unicode. */
  readonly hasLargeRanges?: boolean;
}

const MAX_CODE_POINT = 0x10_ff_ff;

const ASCII_DIGITS: CharacterRange[] = [[0x30, 0x39]];
const ASCII_WORDS: CharacterRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const ASCII_SPACES: CharacterRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
];
/** The characters of Python's `str.isspace`. */
const SPACES: CharacterRange[] = [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x16_80, 0x16_80],
  [0x20_00, 0x20_0a],
  [0x20_28, 0x20_29],
  [0x20_2f, 0x20_2f],
  [0x20_5f, 0x20_5f],
  [0x30_00, 0x30_00],
];
/** The characters of Python's `str.isalnum`, and `_`: letters and numbers. */
const WORDS = String.raw`\p{L}\p{N}_`;

/** Python's classes by the character after the backslash, for both meanings that they have. */
export const ESCAPED_CLASSES: Record<'ascii' | 'unicode', Record<string, CharacterClass>> = {
  ascii: {
    d: classOf(rangesText(ASCII_DIGITS)),
    D: classOf(rangesText(others(ASCII_DIGITS))),
    s: classOf(rangesText(ASCII_SPACES)),
    S: classOf(rangesText(others(ASCII_SPACES))),
    w: classOf(rangesText(ASCII_WORDS)),
    W: classOf(rangesText(others(ASCII_WORDS))),
  },
  unicode: {
    d: classOf(String.raw`\p{Nd}`),
    D: classOf(String.raw`\P{Nd}`),
    s: classOf(rangesText(SPACES)),
    S: { ...classOf(rangesText(others(SPACES))), hasLargeRanges: true },
    w: classOf(WORDS),
    W: { alone: `[^${WORDS}]`, inSet: undefined },
  },
};

/** Letters that Python takes for the same under the flag `i`, and re2js does not: `i`, `I`, dotless `ı` and dotted `İ`. */
const LETTERS_I = ['i', 'I', '\u0131', '\u0130'].map((letter): CharacterRange => [codeOf(letter), codeOf(letter)]);

/** Ranges as they stand in a set of re2js. */
export function rangesText(ranges: readonly CharacterRange[]): string {
  return ranges.map(([first, last]) => (first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`)).join('');
}

function classOf(inSet: string): CharacterClass {
  return { alone: `[${inSet}]`, inSet };
}

function escaped(code: number): string {
  return `\\x{${code.toString(16)}}`;
}

/** All other characters. @param ranges in order */
function others(ranges: readonly CharacterRange[]): CharacterRange[] {
  const starts = [0, ...ranges.map(([, last]) => last + 1)];
  const ends = [...ranges.map(([first]) => first - 1), MAX_CODE_POINT];
  return starts.map((start, index): CharacterRange => [start, ends[index]!]).filter(([first, last]) => first <= last);
}

/** Adds what the flag `i` adds, and re2js does not by itself. */
export function withOtherCase(
  ranges: readonly CharacterRange[],
  { ignoreCase, ascii }: { readonly ignoreCase: boolean; readonly ascii: boolean },
): readonly CharacterRange[] {
  if (!ignoreCase) return ranges;
  if (!ascii) {
    const hasI = LETTERS_I.some(([letter]) => ranges.some(([low, high]) => low <= letter && letter <= high));
    return hasI ? [...ranges, ...LETTERS_I] : ranges;
  }
  const upper = ranges.flatMap((range) => shifted(range, 'a', 'z', -32));
  const lower = ranges.flatMap((range) => shifted(range, 'A', 'Z', 32));
  return [...ranges, ...upper, ...lower];
}

/** The part of a range between two letters, moved. */
function shifted([low, high]: CharacterRange, from: string, to: string, by: number): CharacterRange[] {
  const [first, last] = [Math.max(low, codeOf(from)), Math.min(high, codeOf(to))];
  return first > last ? [] : [[first + by, last + by]];
}
