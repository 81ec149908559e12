import type { DType } from './dtype.js';

/** NumPy's "not a time". */
export const NAT = -(2n ** 63n);

const MONTHS_PER_UNIT: Record<string, bigint> = { Y: 12n, M: 1n };
const SECOND = 10n ** 18n;
const DAY = 86_400n * SECOND;
/** In attoseconds. */
const LENGTHS: Record<string, bigint> = {
  W: 7n * DAY,
  D: DAY,
  h: 3_600n * SECOND,
  m: 60n * SECOND,
  s: SECOND,
  ms: 10n ** 15n,
  us: 10n ** 12n,
  ns: 10n ** 9n,
  ps: 10n ** 6n,
  fs: 1_000n,
  as: 1n,
};
/** Digits of the fraction of a second, by the unit. */
const DIGITS: Record<string, number> = { ms: 3, us: 6, ns: 9, ps: 12, fs: 15, as: 18 };

const ISO = /^([+-]?\d{4,6})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,18}))?)?)?(?:Z|[+-]00:?00)?)?)?)?$/;

/** The unit of a datetime64 or timedelta64: `ms` and how many of them. */
function unitOf(dtype: DType): { unit: string; count: bigint } {
  const [, count = '', unit = ''] = /\[(\d*)(\w+)\]/.exec(dtype.code) ?? [];
  return { unit, count: BigInt(count || 1) };
}

/**
 * The number of a time in the unit of its dtype. A number or bigint is taken as it is; a Date or an ISO text gives the time since 1970.
 *
 * @returns undefined for anything else
 */
export function ticksOf(dtype: DType, item: unknown): bigint | undefined {
  if (typeof item === 'bigint') return BigInt.asIntN(64, item) === item ? item : undefined;
  if (typeof item === 'number') return Number.isSafeInteger(item) ? BigInt(item) : undefined;
  if (item === 'NaT' || item === null) return NAT;
  const { unit, count } = unitOf(dtype);
  if (dtype.kind !== 'datetime' || unit === '') return undefined;
  const parsed = item instanceof Date ? partsOfDate(item) : typeof item === 'string' ? partsOf(item) : undefined;
  if (parsed === undefined) return undefined;
  const months = MONTHS_PER_UNIT[unit];
  const ticks =
    months === undefined ? floorDiv(parsed.attoseconds, LENGTHS[unit]! * count) : floorDiv(parsed.months, months * count);
  return BigInt.asIntN(64, ticks) === ticks ? ticks : undefined;
}

/** A datetime as NumPy writes it, `2026-01-31T10:20:30.500`; without a unit its number. */
export function timeText(dtype: DType, ticks: bigint): string {
  if (ticks === NAT) return 'NaT';
  const { unit, count } = unitOf(dtype);
  const months = MONTHS_PER_UNIT[unit];
  if (months !== undefined) {
    const month = ticks * months * count;
    const year = yearText(1970n + floorDiv(month, 12n));
    return unit === 'Y' ? year : `${year}-${two(floorMod(month, 12n) + 1n)}`;
  }
  const length = LENGTHS[unit];
  if (length === undefined) return String(ticks);
  const attoseconds = ticks * count * length;
  const date = civilText(floorDiv(attoseconds, DAY));
  if (unit === 'W' || unit === 'D') return date;
  const inDay = floorMod(attoseconds, DAY);
  const seconds = inDay / SECOND;
  const hour = `${date}T${two(seconds / 3_600n)}`;
  if (unit === 'h') return hour;
  const minute = `${hour}:${two((seconds / 60n) % 60n)}`;
  if (unit === 'm') return minute;
  const digits = DIGITS[unit];
  const fraction = String(inDay % SECOND).padStart(18, '0');
  return `${minute}:${two(seconds % 60n)}${digits === undefined ? '' : `.${fraction.slice(0, digits)}`}`;
}

interface TimeParts {
  /** Since 1970. */
  readonly months: bigint;
  readonly attoseconds: bigint;
}

function partsOfDate(date: Date): TimeParts | undefined {
  if (Number.isNaN(date.getTime())) return undefined;
  const months = BigInt((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth());
  return { months, attoseconds: BigInt(date.getTime()) * LENGTHS['ms']! };
}

function partsOf(text: string): TimeParts | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month = '1', day = '1', hour = '0', minute = '0', second = '0', fraction = ''] = match;
  if (!isOnClock(Number(hour), Number(minute), Number(second))) return undefined;
  const days = daysOfCivil(BigInt(year!), BigInt(month), BigInt(day));
  // a date that there is comes back as the same date
  if (!civilText(days).endsWith(`-${month.padStart(2, '0')}-${day.padStart(2, '0')}`)) return undefined;
  const seconds = BigInt(hour) * 3_600n + BigInt(minute) * 60n + BigInt(second);
  return {
    months: (BigInt(year!) - 1970n) * 12n + BigInt(month) - 1n,
    attoseconds: days * DAY + seconds * SECOND + BigInt(fraction.padEnd(18, '0')),
  };
}

function isOnClock(hour: number, minute: number, second: number): boolean {
  return hour < 24 && minute < 60 && second < 60;
}

/** Days since 1970 of a date of the Gregorian calendar, which is counted from March so that leap days come last. */
function daysOfCivil(year: bigint, month: bigint, day: bigint): bigint {
  const y = month <= 2n ? year - 1n : year;
  const era = floorDiv(y, 400n);
  const yearOfEra = y - era * 400n;
  const dayOfYear = (153n * (month + (month > 2n ? -3n : 9n)) + 2n) / 5n + day - 1n;
  return era * 146_097n + yearOfEra * 365n + yearOfEra / 4n - yearOfEra / 100n + dayOfYear - 719_468n;
}

function civilText(days: bigint): string {
  const shifted = days + 719_468n;
  const era = floorDiv(shifted, 146_097n);
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra = (dayOfEra - dayOfEra / 1_460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const monthFromMarch = (5n * dayOfYear + 2n) / 153n;
  const day = dayOfYear - (153n * monthFromMarch + 2n) / 5n + 1n;
  const month = monthFromMarch < 10n ? monthFromMarch + 3n : monthFromMarch - 9n;
  return `${yearText(yearOfEra + era * 400n + (month <= 2n ? 1n : 0n))}-${two(month)}-${two(day)}`;
}

function yearText(year: bigint): string {
  return year < 0n ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0');
}

function two(value: bigint): string {
  return String(value).padStart(2, '0');
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

function floorMod(value: bigint, by: bigint): bigint {
  return value - floorDiv(value, by) * by;
}
