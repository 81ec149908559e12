/** The form of Python's `datetime.isoformat()`: with a time, and with or without fraction and time zone. */
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{3,6})?(?:Z|[+-]\d{2}:\d{2})?$/;

/**
 * The Date of a text that Python's `datetime.isoformat()` wrote; undefined for other texts. Without a time zone the time is local, as
 * for Python's own `timestamp()`. A Date has milliseconds: further digits are cut.
 */
export function parseDateTime(text: string): Date | undefined {
  if (text.length > 40 || !DATE_TIME.test(text)) return undefined;
  const date = new Date(text.replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(date.getTime()) ? undefined : date;
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
