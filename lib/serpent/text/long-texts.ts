import { isAscii } from 'node:buffer';
import { CHARACTERS } from './characters.js';
import type { Spender } from './text-window.js';

const { BACKSLASH, LOWER_U, LOWER_X } = CHARACTERS;

/** Texts of fewer bytes are spent once they are decoded. */
const LONG_BYTES = 65_536;
/** Characters after the backslash of `\u20ac`, of Python's `\xe9`, and of other escapes. */
const U_ESCAPE_CHARS = 5;
const X_ESCAPE_CHARS = 3;
const OTHER_ESCAPE_CHARS = 1;

/**
 * Refuses a long text that costs too much, before the text is decoded. Whoever decodes the text spends it afterwards.
 *
 * @param bytes UTF-8
 * @param hasEscapes true: a backslash begins an escape of json
 */
export function checkLongText(reader: Spender, bytes: Buffer, start: number, end: number, hasEscapes = false): void {
  if (end - start < LONG_BYTES) return;
  const text = bytes.subarray(start, end);
  checkCost(reader, isAscii(text) && !hasEscapes ? text.length : costOf(text, hasEscapes));
}

/** Refuses a text that costs too much, before the text is decoded. @param units its length as a string */
export function checkTextCost(reader: Spender, units: number, isWide: boolean): void {
  if (units >= LONG_BYTES) checkCost(reader, charactersCost(units, isWide));
}

function checkCost(reader: Spender, cost: number): void {
  reader.spend(cost);
  reader.spend(-cost);
}

function charactersCost(units: number, isWide: boolean): number {
  return isWide ? units + (units >> 1) : units;
}

/** The memory of the characters, as the readers count it. */
function costOf(bytes: Uint8Array, hasEscapes: boolean): number {
  let units = 0;
  let isWide = !isAscii(bytes);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    // the first byte of a character; four bytes are two units
    if ((byte & 0xc0) !== 0x80) units++;
    if (byte >= 0xf0) units++;
    if (byte !== BACKSLASH || !hasEscapes) continue;
    const letter = bytes[at + 1];
    isWide ||= letter === LOWER_U;
    at += letter === LOWER_U ? U_ESCAPE_CHARS : letter === LOWER_X ? X_ESCAPE_CHARS : OTHER_ESCAPE_CHARS;
  }
  return charactersCost(units, isWide);
}
