import { CHARACTERS } from '../../serpent/text/characters.js';
import { daysInMonth, daysSince1970 } from './calendar.js';

const { PLUS, MINUS, POINT, ZERO, NINE } = CHARACTERS;

const LEAST_YEAR_DIGITS = 4;
const MOST_YEAR_DIGITS = 6;
const MOST_FRACTION_DIGITS = 18;
/** The character before the month, day, hour, minute and second. */
const SEPARATORS = ['-', '-', 'T ', ':', ':'] as const;
/** Parts before the hour. */
const DATE_PARTS = 2;
const UTC: readonly string[] = ['', 'Z', '+00:00', '-00:00', '+0000', '-0000'];

/** A time, as numbers that are exact. */
export interface TimeParts {
  /** Whole months since 1970. */
  readonly months: number;
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** The digits of the fraction of a second, as written; empty for none. */
  readonly fraction: string;
}

/**
 * Reads a time as NumPy writes it: `2026`, `2026-01`, `2026-01-31T10:20:30.5`. A year has four to six digits, a fraction at most 18. A time
 * of day may end with `Z`, or with an offset of zero.
 *
 * @returns undefined for other texts, and for a day or time that there is not
 */
export function partsOfIso(text: string): TimeParts | undefined {
  const sign = text.charCodeAt(0);
  const yearStart = sign === PLUS || sign === MINUS ? 1 : 0;
  let at = digitsEnd(text, yearStart, MOST_YEAR_DIGITS);
  if (at - yearStart < LEAST_YEAR_DIGITS) return undefined;
  const year = Number(text.slice(0, at));
  const parts = [1, 1, 0, 0, 0];
  let count = 0;
  while (count < parts.length && at < text.length && SEPARATORS[count]!.includes(text.charAt(at))) {
    if (digitsEnd(text, at + 1, 2) !== at + 3) return undefined;
    parts[count++] = (text.charCodeAt(at + 1) - ZERO) * 10 + (text.charCodeAt(at + 2) - ZERO);
    at += 3;
  }
  let fraction = '';
  if (count === parts.length && text.charCodeAt(at) === POINT) {
    const end = digitsEnd(text, at + 1, MOST_FRACTION_DIGITS);
    fraction = text.slice(at + 1, end);
    if (fraction === '') return undefined;
    at = end;
  }
  if (at < text.length && (count <= DATE_PARTS || !UTC.includes(text.slice(at)))) return undefined;
  const [month, day, hour, minute, second] = parts as [number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return {
    months: (year - 1970) * 12 + month - 1,
    seconds: daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second,
    fraction,
  };
}

/** @returns undefined for an invalid Date */
export function partsOfDate(date: Date): TimeParts | undefined {
  const ms = date.getTime();
  if (Number.isNaN(ms)) return undefined;
  const seconds = Math.floor(ms / 1_000);
  return {
    months: (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth(),
    seconds,
    fraction: String(ms - seconds * 1_000).padStart(3, '0'),
  };
}

/** The end of the digits from `start`, at most `most` of them. */
function digitsEnd(text: string, start: number, most: number): number {
  const stop = Math.min(start + most, text.length);
  let at = start;
  while (at < stop && text.charCodeAt(at) >= ZERO && text.charCodeAt(at) <= NINE) at++;
  return at;
}
