import { afterEach, describe, expect, it, vi } from 'vitest';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { ValueBudget } from '../../../../lib/serializers/contract/value-budget.js';
import type { SerializerName } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const CHARACTERS = 300_000;
const marshalText = (type: string, bytes: Buffer): Buffer => {
  const head = Buffer.from(`${type}    `);
  head.writeInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};
const quoted = (quote: string, text: string): Buffer => Buffer.from(quote + text.repeat(CHARACTERS) + quote);

/** Texts of many characters, with the memory that the reader counts for each. */
const TEXTS: [SerializerName, string, Buffer, bytesEach: number][] = [
  ['serpent', 'wide letters', quoted("'", '\u20ac'), 1.5],
  ['serpent', 'escapes of json', quoted("'", String.raw`\u20ac`), 1.5],
  ['serpent', 'short escapes of json', quoted("'", String.raw`\n`), 1],
  ['serpent', 'pairs', quoted("'", '\u{1f600}'), 3],
  ['json', 'letters', quoted('"', 'x'), 1],
  ['json', 'wide letters', quoted('"', '\u20ac'), 1.5],
  ['json', 'escapes', quoted('"', String.raw`\ud800`), 1.5],
  ['json', 'pairs', quoted('"', '\u{1f600}'), 3],
  ['marshal', 'wide letters', marshalText('u', Buffer.from('\u20ac'.repeat(CHARACTERS))), 1.5],
  ['marshal', 'letters', marshalText('u', Buffer.alloc(CHARACTERS, 'x')), 1],
  ['marshal', 'bytes of latin 1', marshalText('a', Buffer.alloc(CHARACTERS, 0xe9)), 1],
];

const serializer = (name: SerializerName) => createSerializers().get(SERIALIZER_IDS[name])!;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a long text', () => {
  it.each(TEXTS)('%s: %s are counted before they are decoded', (name, _, bytes, bytesEach) => {
    const { loads } = serializer(name);
    const bytesOf = serializer(name).loads(bytes, { budget: new ValueBudget(CHARACTERS * bytesEach + 100) });
    expect((bytesOf as string).length).toBeGreaterThanOrEqual(CHARACTERS);
    const decoders = [vi.spyOn(JSON, 'parse'), vi.spyOn(Buffer.prototype, 'toString')];
    const budget = new ValueBudget(CHARACTERS * bytesEach - 1_000);
    expect(() => loads.call(serializer(name), bytes, { budget })).toThrow(/maxValueBytes is/);
    for (const decoder of decoders) expect(decoder.mock.calls.filter(([encoding]) => encoding !== 'latin1')).toEqual([]);
  });
});

describe('a text of one character', () => {
  it.each<SerializerName>(['serpent', 'json', 'marshal', 'msgpack'])(
    '%s: a text of one character is counted when V8 does not share it',
    (name) => {
      const costOf = (text: string): number => {
        const budget = new ValueBudget(Infinity);
        serializer(name).loads(serializer(name).dumps([text]), { budget });
        return budget.spentBytes;
      };
      expect(costOf('\u20ac') - costOf('a')).toBeGreaterThanOrEqual(24);
      expect(costOf('\u0436') - costOf('a')).toBeGreaterThanOrEqual(24);
    },
  );
});
