import fc from 'fast-check';
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
    ['2026-01-31T10:20:30.123456-00:53:28.123456', '2026-01-31T11:13:58.246Z'],
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

  it('datetimes are read as a regular expression and the engine read them', () => {
    const two = (most: number) => fc.integer({ min: 0, max: most }).map((number) => String(number).padStart(2, '0'));
    const fraction = fc.oneof(
      fc.constant(''),
      fc.stringMatching(/^[.,]\d{0,8}$/),
      fc.stringMatching(/^\.\d{3}$/),
      fc.stringMatching(/^\.\d{6}$/),
    );
    const offset = fc
      .tuple(fc.constantFrom('+', '-', ' '), two(25), two(61), fc.option(fc.tuple(two(61), fraction)))
      .map(([sign, hours, minutes, more]) => `${sign}${hours}:${minutes}${more ? `:${more.join('')}` : ''}`);
    const year = fc.oneof(
      fc.integer({ min: 0, max: 110 }),
      fc.integer({ min: 1880, max: 2110 }),
      fc.integer({ min: 0, max: 9_999 }),
    );
    const text = fc
      .tuple(
        year.map((number) => String(number).padStart(4, '0')),
        two(13),
        two(32),
        fc.constantFrom('T', ' ', 't'),
        two(24),
        two(61),
        two(61),
        fraction,
        fc.oneof(fc.constantFrom('', 'Z', 'z', 'Z1'), offset),
      )
      .map(([y, m, d, separator, hours, minutes, seconds, part, zone]) => {
        return `${y}-${m}-${d}${separator}${hours}:${minutes}:${seconds}${part}${zone}`;
      });
    const spoilt = fc.tuple(text, fc.nat(40), fc.constantFrom('', '-', ':', '0', '.', '+', '٣')).map(([good, at, char]) => {
      return good.slice(0, at) + char + good.slice(at + 1);
    });
    const isRead = { yes: 0, no: 0 };
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: text }, spoilt), (each) => {
        const read = parseDateTime(each);
        isRead[read === undefined ? 'no' : 'yes']++;
        expect([each, read?.getTime()]).toEqual([each, expected(each)?.getTime()]);
      }),
      { numRuns: 5_000 },
    );
    expect(Math.min(isRead.yes, isRead.no)).toBeGreaterThan(500);
  });
});

const DATE_TIME = /^(\d{4}-\d\d-\d\d)[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{3,6})?(Z|[+-].*)?$/;
const OFFSET = /^([+-])(?:([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{6}))?)?)$/;

/** The Date of a text, by other means. */
function expected(text: string): Date | undefined {
  const [, day, clock, fraction = '', zone = ''] = DATE_TIME.exec(text) ?? [];
  // the engine takes a day after the end of its month for one of the next month
  if (day === undefined || clock === undefined || day.startsWith('0000') || !hasDay(day)) return undefined;
  const time = `${day}T${clock}${fraction.slice(0, 4)}`;
  if (zone === '' || zone === 'Z') return new Date(time + zone);
  const [, sign, hours, minutes, seconds = '0', micros = '0'] = OFFSET.exec(zone) ?? [];
  if (sign === undefined) return undefined;
  const ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000 + Math.floor(Number(micros) / 1_000);
  return new Date(new Date(`${time}Z`).getTime() - (sign === '-' ? -ms : ms));
}

function hasDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
