import { describe, expect, it } from 'vitest';
import { asError, optionText, safeText, thrownText } from '../../../lib/protocol/texts/safe-text.js';
import { shortText } from '../../../lib/protocol/short-text.js';

describe('the text of any value', () => {
  it('a value has the text that String makes of it, at most 1,000 characters', () => {
    const texts: [unknown, string][] = [
      [1, '1'],
      [1n, '1'],
      [null, 'null'],
      [undefined, 'undefined'],
      [true, 'true'],
      ['text', 'text'],
      [[1, [null, 'b'], {}], '1,,b,[object Object]'],
      [[], ''],
      [{}, '[object Object]'],
      [new Map(), '[object Map]'],
      [new Uint8Array([1, 2]), '1,2'],
    ];
    for (const [value, text] of texts) expect(safeText(value)).toBe(text);
    expect(safeText(new Error('the message'))).toBe('the message');
    expect(safeText('x'.repeat(5_000))).toBe('x'.repeat(1_000));
    expect(safeText(`${'x'.repeat(999)}😀`)).toBe('x'.repeat(999));
  });

  it('the text of a list or of bytes is made of its beginning alone, also of lists that repeat inside', () => {
    let reads = 0;
    const counting = { toString: () => `${++reads}`.padStart(10, '0') };
    const row = Array.from({ length: 10_000 }, () => counting);
    expect(safeText([row, row, row])).toHaveLength(1_000);
    expect(reads).toBeLessThan(1_000);
    expect(safeText(Array.from({ length: 1_000 }, () => Array.from({ length: 1_000 }, () => 'x'.repeat(1_000_000))))).toBe(
      'x'.repeat(1_000),
    );
    expect(safeText(Buffer.alloc(2 ** 20, 'a'))).toBe('a'.repeat(1_000));
  });

  it('a value whose text cannot be made has none', () => {
    expect(safeText({ toString: 1 })).toBe('without a text');
    expect(safeText([{ toString: 1 }])).toBe('without a text');
    const circle: unknown[] = [];
    circle.push(circle);
    expect(safeText(circle)).toBe('without a text');
  });
});

describe('the message of a thrown value', () => {
  it.each<[unknown, string]>([
    [{ code: 'E', message: 'not open' }, 'not open'],
    [Object.assign(Object.create(null) as object, { message: 'not open' }), 'not open'],
    [[{ message: 'not open' }, 'no light', new Error('no film')], 'not open, no light, no film'],
    [[], 'unknown error'],
    [{}, 'unknown error'],
    [{ code: 5 }, 'unknown error'],
    [Object.create(null), 'without a text'],
    [new Map([['a', 1]]), 'unknown error'],
    [new Event('error'), 'unknown error'],
    [{ toString: () => 'a text of its own' }, 'a text of its own'],
    [{ message: { toString: 1 } }, 'unknown error'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('a thrown %o has the message %j', (thrown, message) => {
    expect(thrownText(thrown)).toBe(message);
    expect(asError(thrown).message).toBe(message);
  });

  it('a thrown object whose code throws has no message', () => {
    const hostile = {
      get message(): string {
        throw new Error('mine');
      },
      get code(): string {
        throw new Error('mine');
      },
    };
    expect(asError(hostile).message).toBe('unknown error');
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    expect(asError(proxy).message).toBe('without a text');
  });

  it('an error made of a thrown object has its code', () => {
    expect(asError({ code: 'E', message: 'not open' })).toMatchObject({ code: 'E' });
    expect(Object.hasOwn(asError({ message: 'not open' }), 'code')).toBe(false);
  });
});

describe('the text of a value for errors', () => {
  it('the text of a list in an error is made of its first items alone', () => {
    let reads = 0;
    const items = new Proxy(
      Array.from({ length: 100_000 }, () => 1_000_000),
      {
        get(target, key, receiver) {
          if (/^\d+$/.test(String(key))) reads++;
          return Reflect.get(target, key, receiver) as unknown;
        },
      },
    );
    expect(optionText(items)).toMatch(/^the list \[1000000, 1000000, .{980,}\]$/);
    expect(optionText(['x'.repeat(5_000), 'y'])).toHaveLength(1_011);
    expect(reads).toBeLessThan(1_000);
  });

  it('the text of a dict in an error is made of its first members alone', () => {
    let reads = 0;
    const dict = {};
    for (let member = 0; member < 1_000; member++) {
      Object.defineProperty(dict, `m${member}`, { enumerable: true, get: () => ++reads });
    }
    expect(shortText(dict)).toMatch(/^\{"m0": 1, .*"m9": 10, …\}$/);
    expect(reads).toBeLessThan(20);
  });
});
