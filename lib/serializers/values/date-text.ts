import type { ValueBudget } from '../contract/value-budget.js';

/** The form of Python's `datetime.isoformat()`: with a time, and with or without fraction and time zone. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{3,6})?)(Z|[+-]\d\d:\d\d(?::\d\d(?:\.\d{6})?)?)?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{3,6})?)?(?:[+-]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{6})?)?)?$/;

/** The lengths of the shortest and the longest text of a datetime. */
const LEAST_CHARS = '2026-01-31T10:20:30'.length;
const MOST_CHARS = 40;
/** The length of a time of day with milliseconds. */
const MS_CHARS = '10:20:30.123'.length;
const DASH = 45;
/** The memory of a Date, over that of its text, in bytes. */
const DATE_COST = 72;

/**
 * The Date of a text that Python's `datetime.isoformat()` wrote; undefined for other texts, and for days that no calendar has. Without a time
 * zone the time is local, as for Python's own `timestamp()`. A Date has milliseconds: further digits are cut.
 */
export function parseDateTime(text: string): Date | undefined {
  // most texts are no dates, and are told from dates without a regular expression
  const { length } = text;
  if (length < LEAST_CHARS || length > MOST_CHARS || text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
  const parts = DATE_TIME.exec(text);
  if (parts === null) return undefined;
  const [, day, time, zone = ''] = parts as unknown as [string, string, string, string | undefined];
  if (!isDay(Number(day.slice(0, 4)), Number(day.slice(5, 7)), Number(day.slice(8)))) return undefined;
  if (!isTimeText(zone === 'Z' ? time : time + zone)) return undefined;
  // an offset has seconds in zones of former times, and JavaScript reads none
  const isLong = zone.length > '+00:00'.length;
  const date = new Date(`${day}T${time.slice(0, MS_CHARS)}${isLong ? 'Z' : zone}`);
  return isLong ? new Date(date.getTime() - offsetMs(zone)) : date;
}

/** True for a text of Python's `date.isoformat()`: a day that the calendar has. */
export function isDateText(text: string): boolean {
  const [, year, month, day] = DATE.exec(text)?.map(Number) ?? [0, 0];
  return isDay(year!, month!, day!);
}

function isDay(year: number, month: number, day: number): boolean {
  if (!(year > 0 && month > 0 && month <= 12 && day > 0)) return false;
  // each month has 28 days. Day 0 of the month behind is the last day of the month
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** True for a text of Python's `time.isoformat()`: a time that a clock shows, with or without an offset. */
export function isTimeText(text: string): boolean {
  return TIME.test(text);
}

/** The milliseconds of an offset with seconds, `-00:53:28`. Microseconds are cut. */
function offsetMs(zone: string): number {
  const [hours, minutes, seconds] = zone.slice(1).split(':').map(Number) as [number, number, number];
  const size = Math.floor((hours * 3_600 + minutes * 60 + seconds) * 1_000);
  return zone.startsWith('-') ? -size : size;
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
