import { CHARACTERS } from '../text/characters.js';
import type { Scanner } from './scanner.js';
import { COSTS } from '../costs/value-costs.js';

const { SPACE, DOUBLE_QUOTE, QUOTE, MINUS, EQUALS, UNDERSCORE } = CHARACTERS;

/** The rest of the dict of bytes, after the base64 text. A space may stand before each part. */
const TAIL = [',', "'encoding'", ':', "'base64'", '}'];

/** Base64 text is decoded in parts of this length, so that there is never a second copy of all bytes. */
const PART_CHARS = 64 * 1024;

/**
 * Reads bytes in the form that serpent writes: `{'data': 'QUJD', 'encoding': 'base64'}`. The cursor is after the first colon, and
 * moves to the closing brace.
 *
 * @returns undefined for every other dict; the cursor is unchanged then
 */
export function readBase64Dict(scanner: Scanner): Buffer | undefined {
  const { bytes } = scanner;
  const opening = skipSpace(scanner, scanner.pos);
  const quote = scanner.codeAt(opening);
  if (quote !== QUOTE && quote !== DOUBLE_QUOTE) return undefined;
  const end = bytes.indexOf(quote, opening + 1);
  if (end === -1) return undefined;
  let at = end + 1;
  for (const part of TAIL) {
    at = skipSpace(scanner, at);
    if (!scanner.isAt(part, at)) return undefined;
    at += part.length;
  }
  scanner.spend(COSTS.bytes + (((end - opening) * 3) >> 2));
  const value = decodeBase64(bytes, opening + 1, end);
  if (value !== undefined) scanner.pos = at - 1;
  return value;
}

function skipSpace(scanner: Scanner, at: number): number {
  return scanner.codeAt(at) === SPACE ? at + 1 : at;
}

/** Decodes base64 text as Python and Node write it; undefined for every other text, e.g. without padding, or with white space. */
export function decodeBase64(text: Buffer, start: number, end: number): Buffer | undefined {
  const length = end - start;
  if (length % 4 !== 0) return undefined;
  const padding = length === 0 || text[end - 1] !== EQUALS ? 0 : text[end - 2] === EQUALS ? 2 : 1;
  const value = Buffer.allocUnsafe((length / 4) * 3 - padding);
  let written = 0;
  for (let at = start; at < end; at += PART_CHARS) {
    written += value.write(text.toString('latin1', at, Math.min(at + PART_CHARS, end)), written, 'base64');
  }
  // Node skips characters that are no base64, and also reads characters of base64url
  if (written < value.length || hasUrlCharacters(text.subarray(start, end))) return undefined;
  const lastGroup = value.toString('base64', value.length - (value.length % 3 || 3));
  return length === 0 || text.toString('latin1', end - 4, end) === lastGroup ? value : undefined;
}

function hasUrlCharacters(text: Buffer): boolean {
  return text.includes(MINUS) || text.includes(UNDERSCORE);
}
