import { describe, expect, it } from 'vitest';
import { dateOfDay, daysInMonth, daysSince1970 } from '../../../lib/arrays/dates/calendar.js';
import { dtypeOf } from '../../../lib/arrays/dtype-reader.js';
import { timeText } from '../../../lib/arrays/times.js';

const MS_PER_DAY = 86_400_000;

describe('the calendar', () => {
  it('the calendar gives each day the year, month and day that a Date has, and the reverse, in years before 1970 and after it', () => {
    for (let number = -1_000_000; number < 1_000_000; number += 997) {
      const date = new Date(number * MS_PER_DAY);
      const day = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
      expect([number, dateOfDay(number)]).toEqual([number, day]);
      expect(daysSince1970(day.year, day.month, day.day)).toBe(number);
    }
  });

  it.each([
    [1900, 2, 28],
    [2000, 2, 29],
    [2024, 2, 29],
    [2026, 2, 28],
    [2026, 4, 30],
    [2026, 12, 31],
    [0, 2, 29],
    [-4, 2, 29],
    [-100, 2, 28],
  ])('the calendar gives month %i-%i its number of days', (year, month, days) => {
    expect(daysInMonth(year, month)).toBe(days);
  });

  it('times have exact texts for days whose number is no exact number of JavaScript', () => {
    const days = dtypeOf('<M8[D]');
    const cycles = 10n ** 13n;
    const text = `${400n * cycles + 2026n}-01-31`;
    expect(timeText(days, 146_097n * cycles + BigInt(daysSince1970(2026, 1, 31)))).toBe(text);
    expect(timeText(days, -146_097n * cycles + BigInt(daysSince1970(2026, 1, 31)))).toBe(`${2026n - 400n * cycles}-01-31`);
  });
});
