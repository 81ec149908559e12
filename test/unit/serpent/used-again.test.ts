import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../lib/serpent/writing/byte-writer.js';
import { loads, pyTuple, SerpentError } from '../../../lib/serpent/index.js';
import { KnownTexts } from '../../../lib/serpent/text/known-texts.js';
import { checkLimits } from '../../../lib/serpent/values/value-limits.js';
import { LiteralReader, type Parsed } from '../../../lib/serpent/reading/reader.js';
import { LiteralWriter } from '../../../lib/serpent/writing/writer.js';
import { collectUntil } from '../../garbage-collection.js';

const LIMITS = checkLimits(undefined);

function readerOf(values: 'natural' | 'faithful' = 'natural'): (text: string, start?: number) => Parsed & { cost: number } {
  const reader = new LiteralReader(LIMITS, values === 'faithful');
  return (text, start = 0) => {
    const budget = { spentBytes: 0, limitBytes: Infinity };
    const parsed = reader.read(Buffer.from(text), start, budget, 2);
    return { ...parsed, cost: budget.spentBytes };
  };
}

describe('a reader that reads one literal after another', () => {
  it('a used reader reads each as a new reader does, at the same cost', () => {
    const texts = [
      "('obj','add',(17,25),{})",
      "{'__class__':'a.B','x':1}",
      "{'x':[1,2,3],'y':{'x':[1.5,'z']}}",
      '(1,)',
      '()',
      '(1,2,3,4,5,6)',
      "{'x':1}",
      "'text'",
    ];
    for (const values of ['natural', 'faithful'] as const) {
      const read = readerOf(values);
      for (const text of [...texts, ...texts]) expect(read(text)).toEqual(readerOf(values)(text));
    }
  });

  it('a used reader says of each whether there is a class dict', () => {
    const read = readerOf();
    expect(["{'__class__':'a'}", "{'x':1}", '1'].map((text) => read(text).sawClass)).toEqual([true, false, false]);
  });

  it('a used reader reads on after a literal that is wrong, in a dict key as well', () => {
    const read = readerOf();
    for (const wrong of ['[[[', "{('x', [1]): 2}", "('a','b',(1,", 'np.float64(']) {
      expect(() => read(wrong)).toThrow(SerpentError);
      expect(read("[{'x':[1]}]").value).toEqual([{ x: [1] }]);
    }
  });

  it('a used reader reads from where the literal begins, and counts the offset of an error from there', () => {
    const read = readerOf();
    expect(read("####('obj','add',(17,'ä'),{})", 4).value).toEqual(['obj', 'add', [17, 'ä'], {}]);
    expect(() => read('\u00e4\u00e4[1,?]', 4)).toThrow('found "?" at byte 3');
    expect(() => read('1234[1,\0]', 4)).toThrow('zero byte in the text at byte 3');
  });

  it('a used reader holds no message and no value', async () => {
    const reader = new LiteralReader(LIMITS, false);
    const held = new WeakRef(Buffer.from(`['${'x'.repeat(300)}',{'a':1}]`));
    const value = new WeakRef(reader.read(held.deref()!, 0, { spentBytes: 0, limitBytes: Infinity }, 0).value as object);
    await collectUntil(() => held.deref() === undefined && value.deref() === undefined);
    expect(reader.read(Buffer.from('[1]'), 0, { spentBytes: 0, limitBytes: Infinity }, 0).value).toEqual([1]);
  });
});

it('tuples of any length are read, with a comma after the last item too', () => {
  for (let length = 0; length < 12; length++) {
    const items = Array.from({ length }, (_, index) => index);
    const text = items.map((item) => `${item},`).join('');
    for (const tuple of [`(${text})`, length > 1 ? `(${items.join(',')})` : `(${text})`, text || '()']) {
      expect(loads(tuple)).toEqual(items);
      expect(loads(tuple, { values: 'faithful' })).toEqual(pyTuple(...items));
    }
    expect(() => loads(`(${text},)`)).toThrow(SerpentError);
    if (length > 1) expect(() => loads(`(${items.join(' ')})`)).toThrow('","');
  }
});

describe('a writer that writes one literal after another', () => {
  const write = (writer: LiteralWriter, value: unknown): string => {
    const out = new ByteWriter();
    writer.write(value, out);
    return out.written().toString().split('\n')[1]!;
  };

  it('a used writer may be used while it writes, by what encodes an object', () => {
    const writer: LiteralWriter = new LiteralWriter({
      encodeObject: (value) => (value instanceof Date ? { at: write(writer, [pyTuple(1), 'x']) } : undefined),
    });
    expect(write(writer, [1, new Date(), { y: 2 }])).toBe("[1,{'at':\"[(1,),'x']\"},{'y':2}]");
    expect(write(writer, [3])).toBe('[3]');
  });

  it('a used writer writes on after a value that cannot be written', () => {
    const writer = new LiteralWriter({ maxBytes: 60 });
    expect(() => write(writer, [[[Symbol('x')]]])).toThrow('value[0][0][0]');
    expect(() => write(writer, 'x'.repeat(100))).toThrow('maxBytes (60)');
    expect(write(writer, [[1]])).toBe('[[1]]');
  });

  it('a used writer holds no value', async () => {
    const writer = new LiteralWriter({});
    const held = new WeakRef([{ x: 1 }]);
    expect(write(writer, held.deref())).toBe("[{'x':1}]");
    await collectUntil(() => held.deref() === undefined);
    expect(write(writer, 1)).toBe('1');
  });
});

it('texts that were read before are found by their bytes alone', () => {
  const texts = new KnownTexts();
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', '_'), maxLength: 70 });
  fc.assert(
    fc.property(name, name, (one, other) => {
      const bytes = Buffer.from(`<${one}>${other}`);
      expect(texts.textOf(bytes, 1, 1 + one.length)).toBe(one);
      expect(texts.textOf(bytes, 2 + one.length, bytes.length)).toBe(other);
    }),
  );
});
