/** The Gregorian calendar repeats after 400 years. */
export const YEARS_PER_CYCLE = 400;
export const DAYS_PER_CYCLE = 146_097;

const DAYS_PER_YEAR = 365;
const DAYS_PER_4_YEARS = 1_461;
const DAYS_PER_CENTURY = 36_524;
/** Days are counted from 0000-03-01, so that the leap day is the last day of its year. */
const DAYS_BEFORE_1970 = 719_468;
/** Days of five months from March or August on: 31, 30, 31, 30, 31. */
const DAYS_PER_5_MONTHS = 153;
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const FEBRUARY = 2;

/** A day of the Gregorian calendar, which also counts the years before its time, and the year 0. */
export interface CalendarDay {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** @param month 1 to 12 */
export function daysInMonth(year: number, month: number): number {
  return month === FEBRUARY && isLeapYear(year) ? 29 : DAYS_OF_MONTHS[month - 1]!;
}

/** The number of a day: 0 is 1970-01-01, days before are negative. */
export function daysSince1970(year: number, month: number, day: number): number {
  const monthFromMarch = month > FEBRUARY ? month - 3 : month + 9;
  const yearFromMarch = month > FEBRUARY ? year : year - 1;
  const leapDays = Math.floor(yearFromMarch / 4) - Math.floor(yearFromMarch / 100) + Math.floor(yearFromMarch / 400);
  return yearFromMarch * DAYS_PER_YEAR + leapDays + daysBeforeMonth(monthFromMarch) + day - 1 - DAYS_BEFORE_1970;
}

/**
 * The day of a number: the reverse of {@link daysSince1970}.
 *
 * @param days a whole number; a million years are exact
 */
export function dateOfDay(days: number): CalendarDay {
  const fromMarch = days + DAYS_BEFORE_1970;
  const cycle = Math.floor(fromMarch / DAYS_PER_CYCLE);
  const ofCycle = fromMarch - cycle * DAYS_PER_CYCLE;
  const leapDays =
    whole(ofCycle / (DAYS_PER_4_YEARS - 1)) - whole(ofCycle / DAYS_PER_CENTURY) + whole(ofCycle / (DAYS_PER_CYCLE - 1));
  const yearOfCycle = whole((ofCycle - leapDays) / DAYS_PER_YEAR);
  const ofYear = ofCycle - (DAYS_PER_YEAR * yearOfCycle + whole(yearOfCycle / 4) - whole(yearOfCycle / 100));
  const monthFromMarch = whole((5 * ofYear + 2) / DAYS_PER_5_MONTHS);
  const isNextYear = monthFromMarch >= 10;
  return {
    year: cycle * YEARS_PER_CYCLE + yearOfCycle + (isNextYear ? 1 : 0),
    month: isNextYear ? monthFromMarch - 9 : monthFromMarch + 3,
    day: ofYear - daysBeforeMonth(monthFromMarch) + 1,
  };
}

function daysBeforeMonth(monthFromMarch: number): number {
  return whole((DAYS_PER_5_MONTHS * monthFromMarch + 2) / 5);
}

/** Cuts the fraction of a positive number, and V8 divides as ints. With `Math.floor`, {@link dateOfDay} and its text take 101 ns, and so 91. */
function whole(quotient: number): number {
  return quotient | 0;
}
