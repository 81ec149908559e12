/** The form of Python's `datetime.isoformat()`: with a time, and with or without fraction and time zone. */
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{3,6})?)(Z|[+-]\d\d:\d\d(?::\d\d(?:\.\d{6})?)?)?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{3,6})?)?(?:[+-]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{6})?)?)?$/;

/**
 * The Date of a text that Python's `datetime.isoformat()` wrote; undefined for other texts, and for days that no calendar has. Without a time
 * zone the time is local, as for Python's own `timestamp()`. A Date has milliseconds: further digits are cut.
 */
export function parseDateTime(text: string): Date | undefined {
  const parts = text.length > 40 ? null : DATE_TIME.exec(text);
  if (parts === null) return undefined;
  const [, day, time, zone = ''] = parts as unknown as [string, string, string, string | undefined];
  if (!isDateText(day) || !isTimeText(zone === 'Z' ? time : time + zone)) return undefined;
  // an offset has seconds in zones of former times, and JavaScript reads none
  const isLong = zone.length > '+00:00'.length;
  const date = new Date(`${day}T${time.replace(/(\.\d{3})\d+/, '$1')}${isLong ? 'Z' : zone}`);
  return isLong ? new Date(date.getTime() - offsetMs(zone)) : date;
}

/** True for a text of Python's `date.isoformat()`: a day that the calendar has. */
export function isDateText(text: string): boolean {
  const [, year, month, day] = DATE.exec(text)?.map(Number) ?? [0, 0];
  // day 0 of the month behind is the last day of the month
  return year! > 0 && month! > 0 && month! <= 12 && day! > 0 && day! <= new Date(Date.UTC(year!, month!, 0)).getUTCDate();
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

/** Replaces the texts of datetimes in a read value by Dates. Lists and dicts are changed in place; dict keys and set members stay. */
export function withDates(value: unknown): unknown {
  if (typeof value === 'string') return parseDateTime(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === 'string' || typeof item === 'object') value[index] = withDates(item);
    }
  } else if (value instanceof Map) {
    for (const [key, item] of value) if (typeof item === 'string' || typeof item === 'object') value.set(key, withDates(item));
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const item = members[key];
      if (typeof item === 'string' || typeof item === 'object') members[key] = withDates(item);
    }
  }
  return value;
}
