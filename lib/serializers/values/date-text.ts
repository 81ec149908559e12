import { daysInMonth, daysSince1970 } from '../../arrays/dates/calendar.js';
import { CHARACTERS } from '../../serpent/text/characters.js';
import type { ValueBudget } from '../contract/value-budget.js';

const { SPACE, PLUS, MINUS, POINT, ZERO, COLON, UPPER_T, UPPER_Z } = CHARACTERS;

const TIME = /^([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{3,6})?)?(?:[+-]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{6})?)?)?$/;

/** The lengths of the texts of a day, of the shortest datetime, and of the longest one. */
const DAY_CHARS = '2026-01-31'.length;
const LEAST_CHARS = '2026-01-31T10:20:30'.length;
const MOST_CHARS = '2026-01-31T10:20:30.123456+00:00:01.123456'.length;
const MS_CHARS = '2026-01-31T10:20:30.123'.length;
/** The lengths of the shortest and the longest fraction of a second. */
const LEAST_FRACTION = '.123'.length;
const MOST_FRACTION = '.123456'.length;
const MS_PER_DAY = 86_400_000;
/** The memory of a Date, over that of its text, in bytes. */
const DATE_COST = 72;

/**
 * The Date of a text that Python's `datetime.isoformat()` wrote; undefined for other texts, and for days that no calendar has. Without a time
 * zone the time is local, as for Python's own `timestamp()`. A Date has milliseconds: further digits are cut.
 *
 * A message has many such texts, so they are read without a regular expression: this takes a fifth of the time.
 */
export function parseDateTime(text: string): Date | undefined {
  const { length } = text;
  if (length < LEAST_CHARS || length > MOST_CHARS) return undefined;
  const separator = text.charCodeAt(DAY_CHARS);
  if ((separator !== UPPER_T && separator !== SPACE) || !isDayAt(text)) return undefined;
  const seconds = clockAt(text, DAY_CHARS + 1);
  const zone = endOfFraction(text, LEAST_CHARS);
  if (seconds < 0 || zone < 0) return undefined;
  const ms = zone > LEAST_CHARS ? digitsAt(text, LEAST_CHARS + 1, 3) : 0;
  if (zone === length) return localDate(text, seconds, ms);
  const offset = offsetMs(text, zone);
  if (offset === undefined) return undefined;
  const midnight = daysSince1970(yearOf(text), monthOf(text), dayOf(text)) * MS_PER_DAY;
  return new Date(midnight + seconds * 1_000 + ms - offset);
}

/** True for a text of Python's `date.isoformat()`: a day that the calendar has. */
export function isDateText(text: string): boolean {
  return text.length === DAY_CHARS && isDayAt(text);
}

/** True for a text of Python's `time.isoformat()`: a time that a clock shows, with or without an offset. */
export function isTimeText(text: string): boolean {
  return TIME.test(text);
}

/** True when a text begins with a day that the calendar has. */
function isDayAt(text: string): boolean {
  if (text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS) return false;
  const year = yearOf(text);
  const month = monthOf(text);
  const day = dayOf(text);
  return year > 0 && month > 0 && month <= 12 && day > 0 && day <= daysInMonth(year, month);
}

/** The seconds of the day that `10:20:30` shows; -1 when no clock shows it. */
function clockAt(text: string, start: number): number {
  const minutes = hoursAndMinutes(text, start);
  const seconds = text.charCodeAt(start + 5) === COLON ? digitsAt(text, start + 6, 2) : -1;
  return minutes < 0 || seconds < 0 || seconds > 59 ? -1 : minutes * 60 + seconds;
}

/** The minutes that `10:20` shows; -1 when no clock shows it. */
function hoursAndMinutes(text: string, start: number): number {
  const hours = digitsAt(text, start, 2);
  const minutes = text.charCodeAt(start + 2) === COLON ? digitsAt(text, start + 3, 2) : -1;
  return hours < 0 || hours > 23 || minutes < 0 || minutes > 59 ? -1 : hours * 60 + minutes;
}

/** The end of a fraction of a second that begins at `start`: `start` itself when there is none, and -1 when it has too few or too many digits. */
function endOfFraction(text: string, start: number): number {
  if (text.charCodeAt(start) !== POINT) return start;
  let end = start + 1;
  while (digitsAt(text, end, 1) >= 0) end++;
  return end - start >= LEAST_FRACTION && end - start <= MOST_FRACTION ? end : -1;
}

/**
 * The milliseconds of an offset to the end of a text: `Z`, `+01:00`, or `-00:53:28` in zones of former times. Microseconds are cut.
 *
 * @returns undefined when it is no offset
 */
function offsetMs(text: string, start: number): number | undefined {
  const sign = text.charCodeAt(start);
  const length = text.length - start;
  if (sign === UPPER_Z) return length === 1 ? 0 : undefined;
  if (sign !== PLUS && sign !== MINUS) return undefined;
  const isShort = length === '+00:00'.length;
  const seconds = isShort ? hoursAndMinutes(text, start + 1) * 60 : clockAt(text, start + 1);
  const fraction = start + '+00:00:00'.length;
  const isWhole = isShort || fraction === text.length;
  const hasMicros = endOfFraction(text, fraction) === text.length && text.length - fraction === MOST_FRACTION;
  if (seconds < 0 || !(isWhole || hasMicros)) return undefined;
  const ms = seconds * 1_000 + (isWhole ? 0 : digitsAt(text, fraction + 1, 3));
  return sign === MINUS ? -ms : ms;
}

function localDate(text: string, seconds: number, ms: number): Date {
  const year = yearOf(text);
  // the constructor takes years below 100 for those of the last century
  if (year < 100) return new Date(`${text.slice(0, DAY_CHARS)}T${text.slice(DAY_CHARS + 1, MS_CHARS)}`);
  return new Date(year, monthOf(text) - 1, dayOf(text), 0, 0, seconds, ms);
}

function yearOf(text: string): number {
  return digitsAt(text, 0, 4);
}

function monthOf(text: string): number {
  return digitsAt(text, 5, 2);
}

function dayOf(text: string): number {
  return digitsAt(text, 8, 2);
}

/** The number of `count` digits; -1 when one of them is no digit. */
function digitsAt(text: string, start: number, count: number): number {
  let number = 0;
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    // beyond the end it is NaN
    if (!(digit >= 0 && digit <= 9)) return -1;
    number = number * 10 + digit;
  }
  return number;
}

/**
 * Replaces the texts of datetimes in a read value by Dates. Lists and dicts are changed in place; dict keys and set members stay.
 *
 * @throws {UnreadableError} when the Dates take more memory than the budget has
 */
export function withDates(value: unknown, budget: ValueBudget): unknown {
  if (typeof value === 'string') {
    const date = parseDateTime(value);
    if (date !== undefined) budget.spend(DATE_COST);
    return date ?? value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === 'string' || typeof item === 'object') value[index] = withDates(item, budget);
    }
  } else if (value instanceof Map) {
    for (const [key, item] of value)
      if (typeof item === 'string' || typeof item === 'object') value.set(key, withDates(item, budget));
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const item = members[key];
      if (typeof item === 'string' || typeof item === 'object') members[key] = withDates(item, budget);
    }
  }
  return value;
}
