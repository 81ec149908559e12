import { dateOfDay, DAYS_PER_CYCLE, YEARS_PER_CYCLE } from './dates/calendar.js';
import type { DType } from './dtype.js';
import { partsOfDate, partsOfIso, type TimeParts } from './dates/iso-times.js';

/** NumPy's "not a time". */
export const NAT = -(2n ** 63n);

const CYCLE_DAYS = BigInt(DAYS_PER_CYCLE);
const CYCLE_YEARS = BigInt(YEARS_PER_CYCLE);
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
/** With more digits, the seconds of most times are no exact number. */
const MOST_EXACT_DIGITS = 6;

/** The unit of a datetime64 or timedelta64: `ms` and how many of them. */
function unitOf(dtype: DType): Unit {
  const known = UNITS.get(dtype);
  if (known !== undefined) return known;
  const [, count = '', unit = ''] = /\[(\d*)(\w+)\]/.exec(dtype.code) ?? [];
  const found = { unit, count: BigInt(count || 1) };
  UNITS.set(dtype, found);
  return found;
}

interface Unit {
  readonly unit: string;
  readonly count: bigint;
}

/** The units that were asked for: an array asks for each element. */
const UNITS = new WeakMap<DType, Unit>();

/**
 * Makes the function that gives the number of a time in the unit of its dtype: a safe integer, or a bigint. A number or bigint is taken as it
 * is; a Date or an ISO text gives the time since 1970. The function returns undefined for anything else.
 */
export function ticksReader(dtype: DType): (item: unknown) => number | bigint | undefined {
  const { unit, count } = unitOf(dtype);
  const ticksIn = dtype.kind === 'datetime' && unit !== '' ? ticksInUnit(unit, count) : undefined;
  return (item) => {
    if (typeof item === 'number') return Number.isSafeInteger(item) ? item : undefined;
    if (typeof item === 'bigint') return BigInt.asIntN(64, item) === item ? item : undefined;
    if (item === 'NaT' || item === null) return NAT;
    if (ticksIn === undefined) return undefined;
    const parts = typeof item === 'string' ? partsOfIso(item) : item instanceof Date ? partsOfDate(item) : undefined;
    return parts === undefined ? undefined : ticksIn(parts);
  };
}

/** Numbers are used as long as they are exact: a list of dates of 1 MiB takes 64 ms of CPU on a busy machine, with bigints 388. */
function ticksInUnit(unit: string, count: bigint): (parts: TimeParts) => number | bigint | undefined {
  const months = MONTHS_PER_UNIT[unit];
  const length = Number(LENGTHS[unit] ?? SECOND) / Number(SECOND);
  const step = Number(count) * (months === undefined ? Math.max(1, length) : Number(months));
  if (months !== undefined) return (parts) => Math.floor(parts.months / step);
  const digits = DIGITS[unit];
  if (digits === undefined) return ({ seconds }) => Math.floor(seconds / step);
  const perSecond = 10n ** BigInt(digits);
  return ({ seconds, fraction }) => {
    const written = fraction.slice(0, digits).padEnd(digits, '0');
    const exact = digits <= MOST_EXACT_DIGITS ? seconds * 10 ** digits + Number(written) : NaN;
    if (Number.isSafeInteger(exact)) return Math.floor(exact / step);
    const ticks = floorDiv(BigInt(seconds) * perSecond + BigInt(written), count);
    return BigInt.asIntN(64, ticks) === ticks ? ticks : undefined;
  };
}

/** A datetime as NumPy writes it, `2026-01-31T10:20:30.500`; without a unit its number. */
export function timeText(dtype: DType, ticks: bigint): string {
  if (ticks === NAT) return 'NaT';
  const { unit, count } = unitOf(dtype);
  const months = MONTHS_PER_UNIT[unit];
  if (months !== undefined) {
    const month = ticks * months * count;
    const year = yearText(1970n + floorDiv(month, 12n));
    return unit === 'Y' ? year : `${year}-${twoDigits(floorMod(month, 12n) + 1n)}`;
  }
  const length = LENGTHS[unit];
  if (length === undefined) return String(ticks);
  const attoseconds = ticks * count * length;
  const date = dateText(floorDiv(attoseconds, DAY));
  if (unit === 'W' || unit === 'D') return date;
  const inDay = floorMod(attoseconds, DAY);
  const seconds = inDay / SECOND;
  const hour = `${date}T${twoDigits(seconds / 3_600n)}`;
  if (unit === 'h') return hour;
  const minute = `${hour}:${twoDigits((seconds / 60n) % 60n)}`;
  if (unit === 'm') return minute;
  const digits = DIGITS[unit];
  const fraction = String(inDay % SECOND).padStart(18, '0');
  return `${minute}:${twoDigits(seconds % 60n)}${digits === undefined ? '' : `.${fraction.slice(0, digits)}`}`;
}

function dateText(days: bigint): string {
  // a number is not exact for the most distant days; the calendar repeats
  const cycles = floorDiv(days, CYCLE_DAYS);
  const { year, month, day } = dateOfDay(Number(days - cycles * CYCLE_DAYS));
  return `${yearText(BigInt(year) + cycles * CYCLE_YEARS)}-${twoDigits(month)}-${twoDigits(day)}`;
}

function yearText(year: bigint): string {
  return year < 0n ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0');
}

function twoDigits(value: bigint | number): string {
  return String(value).padStart(2, '0');
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

function floorMod(value: bigint, by: bigint): bigint {
  return value - floorDiv(value, by) * by;
}
