import { describe, expect, it } from 'vitest';
import { isDateText, isTimeText, parseDateTime } from '../../../../lib/serializers/values/date-text.js';

describe('texts of dates', () => {
  it.each([
    ['2020-02-29T23:59:59+00:00', '2020-02-29T23:59:59.000Z'],
    ['2020-02-29 10:20:30.123456Z', '2020-02-29T10:20:30.123Z'],
    ['1900-01-01T00:00:00+00:53:28', '1899-12-31T23:06:32.000Z'],
    ['2026-01-31T10:20:30.500000-05:30:15', '2026-01-31T15:50:45.500Z'],
    ['2026-01-31T10:20:30+00:00:00.500000', '2026-01-31T10:20:29.500Z'],
    ['0004-02-29T00:00:00+00:00', '0004-02-29T00:00:00.000Z'],
  ])('the datetime %s is read', (text, iso) => {
    expect(parseDateTime(text)?.toISOString()).toBe(iso);
  });

  it.each([
    '2020-02-30T00:00:00',
    '2021-02-29T00:00:00+00:00',
    '2020-13-01T00:00:00',
    '0000-01-01T00:00:00',
    '2020-01-01T24:00:00',
    '2020-01-01T00:60:00',
    '2020-01-01T00:00:60',
    '2020-01-01T00:00:00+24:00',
    '2020-01-01T00:00:00+00:60:00',
    '2020-01-01T00:00:00+00:00:60',
  ])('%s is no datetime', (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  it('a date has a day of the calendar, and a time is one of a clock', () => {
    expect(['2020-02-29', '2000-02-29', '0001-01-01', '9999-12-31'].map(isDateText)).toEqual([true, true, true, true]);
    expect(['2020-99-99', '2021-02-29', '1900-02-29', '2020-00-01', '2020-01-00', '0000-01-01'].filter(isDateText)).toEqual([]);
    expect(['10:20', '23:59:59.123456', '10:20:30+05:30:15', '10:20:30-23:59'].filter((text) => !isTimeText(text))).toEqual([]);
    expect(['99:99', '24:00', '10:60', '10:20:60', '10:20+24:00', '10:20:30Z'].filter(isTimeText)).toEqual([]);
  });
});
