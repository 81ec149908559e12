import { isUtf8 } from 'node:buffer';
import type { TextUnits } from '../../serpent/text/text-units.js';
import { UnreadableError } from '../contract/unreadable-error.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const FLOAT_TEXT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

const SPECIAL_FLOATS: ReadonlyMap<string, number> = new Map([
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['nan', NaN],
  ['+nan', NaN],
  ['-nan', NaN],
]);

/** True when a string has no half of a surrogate pair. UTF-8 has no bytes for half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** UTF-8 in which lone surrogates are three bytes each, as Python's `surrogatepass` writes them. */
export function encodeSurrogatePass(text: string): Buffer {
  // Node writes three bytes, too: those of U+FFFD
  const bytes = Buffer.from(text);
  if (!isWellFormed(text)) putLoneSurrogates(bytes, text);
  return bytes;
}

/** Replaces the bytes of U+FFFD that stand for lone surrogates. @param bytes the text as UTF-8 */
function putLoneSurrogates(bytes: Buffer, text: string): void {
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      at++;
    } else if (unit < 0x800) {
      at += 2;
    } else if (unit < 0xdc00 && unit >= 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      at += 4;
      index++;
    } else {
      if (unit >= 0xd800 && unit <= 0xdfff) {
        bytes[at] = 0xe0 | (unit >> 12);
        bytes[at + 1] = 0x80 | ((unit >> 6) & 0x3f);
        bytes[at + 2] = 0x80 | (unit & 0x3f);
      }
      at += 3;
    }
  }
}

/** The opposite of {@link encodeSurrogatePass}. @param units as {@link surrogatePassUnits} has told, which also checks the bytes */
export function decodeSurrogatePass(bytes: Uint8Array, start: number, end: number, units: number, builder: TextUnits): string {
  builder.begin(units);
  for (let at = start; at < end;) {
    const code = bytes[at]!;
    if (code < 0x80) {
      builder.add(code);
      at++;
    } else {
      at = builder.addUtf8(bytes, at);
    }
  }
  return builder.end();
}

/**
 * The length of a text in UTF-8 with lone surrogates, as a string.
 *
 * @throws {UnreadableError} on bytes that are neither UTF-8 nor a surrogate
 */
export function surrogatePassUnits(bytes: Uint8Array, start: number, end: number): number {
  let units = 0;
  for (let at = start; at < end; units++) {
    const lead = bytes[at]!;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    // the first bytes that begin nothing, or a shorter character in more bytes than it needs, or one over U+10FFFF
    if (lead < 0xc2 || lead > 0xf4 || at + size > end) failEncoding();
    const second = bytes[at + 1]!;
    if ((lead === 0xe0 && second < 0xa0) || (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f)) failEncoding();
    for (let next = at + 1; next < at + size; next++) if ((bytes[next]! & 0xc0) !== 0x80) failEncoding();
    if (size === 4) units++;
    at += size;
  }
  return units;
}

/** The code unit that three bytes at `at` stand for. */
export function unitOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x0f) << 12) | ((bytes[at + 1]! & 0x3f) << 6) | (bytes[at + 2]! & 0x3f);
}

/** @throws {UnreadableError} on bytes that are no UTF-8 */
export function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) failEncoding();
  return bytes.toString();
}

function failEncoding(): never {
  throw new UnreadableError('text is not UTF-8');
}

/** Reads the text of a float, as old versions of marshal write floats; undefined: the text is no float. */
export function floatOfText(text: string): number | undefined {
  const special = SPECIAL_FLOATS.get(text);
  if (special !== undefined) return special;
  return FLOAT_TEXT.test(text) ? Number(text) : undefined;
}
