import { afterEach, describe, expect, it, vi } from 'vitest';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { SerializeError } from '../../../../lib/protocol/errors.js';
import { TextUnits } from '../../../../lib/serpent/text/text-units.js';
import { ValueBudget } from '../../../../lib/serializers/contract/value-budget.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const marshal = createSerializers().get(SERIALIZER_IDS.marshal)!;

afterEach(() => {
  vi.restoreAllMocks();
});

function textOf(bytes: Buffer): Buffer {
  const head = Buffer.from('u    ');
  head.writeInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** The bytes of `text.encode('utf-8', 'surrogatepass')`, character by character. */
function surrogatePass(text: string): Buffer {
  const parts = Array.from(text, (character) => {
    const point = character.codePointAt(0)!;
    const isHalf = point >= 0xd800 && point <= 0xdfff;
    return isHalf ? Buffer.from([0xed, 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)]) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

const HALVES = {
  'one half': '\ud800',
  'the last half': '\udfff',
  'halves in the wrong order': '\udc00\ud800',
  'halves before a pair': '\ud800\u{1f600}\ud800',
  'a half among letters of one to four bytes': 'aé€\u{1f600}\udbff\u{1f600}€éa',
  'a half at the begin of a long text': `\udc00${'x'.repeat(10_000)}`,
  'a half at the end of a long text': `${'é€\u{1f600}'.repeat(3_000)}\ud83d`,
  'many halves': '\ud83d'.repeat(10_000),
  'many halves among letters': 'a\ud83d€\udc00'.repeat(1_000),
};

describe('halves of surrogate pairs', () => {
  it.each(Object.entries(HALVES))('marshal: writes and reads %s as Python does with surrogatepass', (_, text) => {
    const bytes = textOf(surrogatePass(text));
    expect(marshal.dumps(text).equals(bytes)).toBe(true);
    expect(marshal.loads(bytes)).toBe(text);
  });

  it('marshal: reads the two halves of a pair as the pair', () => {
    const halves = ['\ud83d', '\ude00'].map(surrogatePass);
    expect(marshal.loads(textOf(Buffer.concat(halves)))).toBe('\u{1f600}');
  });

  it.each([
    ['a byte that begins nothing', [0x80]],
    ['a character in more bytes than it needs', [0xc0, 0x80]],
    ['a character of three bytes that needs two', [0xe0, 0x9f, 0xbf]],
    ['a character of four bytes that needs three', [0xf0, 0x8f, 0xbf, 0xbf]],
    ['a character over U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a first byte over F4', [0xf5, 0x80, 0x80, 0x80]],
    ['a half without its last byte', [0xed, 0xa0]],
    ['a letter in place of the last byte', [0xed, 0xa0, 0x61]],
    ['a letter in place of the second byte', [0xc3, 0x61]],
    ['three letters of which the last has no end', [0x61, 0x61, 0xc3]],
  ])('marshal: refuses %s, alone and after a half of a pair', (_, bad) => {
    expect(() => marshal.loads(textOf(Buffer.from(bad)))).toThrow(SerializeError);
    expect(() => marshal.loads(textOf(Buffer.from([0xed, 0xa0, 0x80, ...bad])))).toThrow(/not UTF-8/);
    expect(() => marshal.loads(textOf(Buffer.from([...bad, 0xed, 0xa0, 0x80])))).toThrow(/not UTF-8/);
  });

  it('marshal: counts two bytes for each half, within a factor of two', () => {
    const budget = new ValueBudget(Infinity);
    marshal.loads(textOf(Buffer.alloc(300_000, surrogatePass('\ud800'))), { budget });
    expect(budget.spentBytes).toBeGreaterThanOrEqual(100_000);
    expect(budget.spentBytes).toBeLessThan(200_000);
  });

  it('marshal: counts many halves before their text is made', () => {
    const begin = vi.spyOn(TextUnits.prototype, 'begin');
    const bytes = textOf(Buffer.alloc(3_000_000, surrogatePass('\ud800')));
    expect(() => marshal.loads(bytes, { budget: new ValueBudget(100_000) })).toThrow(/maxValueBytes is 100000/);
    expect(begin).not.toHaveBeenCalled();
    marshal.loads(bytes, { budget: new ValueBudget(2_000_000) });
    expect(begin).toHaveBeenCalledOnce();
  });
});
