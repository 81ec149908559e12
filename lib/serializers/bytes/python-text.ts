import { isUtf8 } from 'node:buffer';
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
  if (isWellFormed(text)) return Buffer.from(text);
  const parts: Buffer[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdfff) continue;
    if (unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      i++;
      continue;
    }
    parts.push(
      Buffer.from(text.slice(start, i)),
      Buffer.from([0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]),
    );
    start = i + 1;
  }
  parts.push(Buffer.from(text.slice(start)));
  return Buffer.concat(parts);
}

/** The opposite of {@link encodeSurrogatePass}. @throws {UnreadableError} on bytes that are neither UTF-8 nor a surrogate */
export function decodeSurrogatePass(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = '';
  let start = 0;
  for (let i = 0; i + 2 < bytes.length; i++) {
    // a surrogate has the bytes ED A0..BF 80..BF; no other character has these bytes
    if (bytes[i] !== 0xed || (bytes[i + 1]! & 0xe0) !== 0xa0 || (bytes[i + 2]! & 0xc0) !== 0x80) continue;
    text +=
      decodeUtf8(bytes.subarray(start, i)) + String.fromCharCode(0xd000 | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f));
    i += 2;
    start = i + 1;
  }
  return text + decodeUtf8(bytes.subarray(start));
}

/** @throws {UnreadableError} on bytes that are no UTF-8 */
export function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new UnreadableError('text is not UTF-8');
  return bytes.toString();
}

/** Reads the text of a float, as old versions of marshal write floats; undefined: the text is no float. */
export function floatOfText(text: string): number | undefined {
  const special = SPECIAL_FLOATS.get(text);
  if (special !== undefined) return special;
  return FLOAT_TEXT.test(text) ? Number(text) : undefined;
}
