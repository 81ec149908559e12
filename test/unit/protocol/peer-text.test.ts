import { expect, it } from 'vitest';
import { dtypeOf } from '../../../lib/arrays/dtype-reader.js';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { shapeOf } from '../../../lib/arrays/shape.js';
import { foundText } from '../../../lib/protocol/short-text.js';
import { peerText, quotedText } from '../../../lib/protocol/texts/peer-text.js';
import { optionText } from '../../../lib/protocol/texts/safe-text.js';
import { PyroUri } from '../../../lib/protocol/uri.js';

it('a text of a peer is cut, and never in the middle of a surrogate pair', () => {
  expect(peerText('x'.repeat(200))).toBe('x'.repeat(200));
  expect(peerText('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`);
  expect(peerText(`${'x'.repeat(199)}😀`)).toBe(`${'x'.repeat(199)}…`);
  expect(peerText(`${'x'.repeat(198)}😀`)).toBe(`${'x'.repeat(198)}😀`);
  expect(peerText(`${'x'.repeat(198)}😀.`)).toBe(`${'x'.repeat(198)}😀…`);
});

it('a quoted text of a peer shows its ends and its control characters, and is cut as another', () => {
  expect(quotedText('a "b"\n ')).toBe('"a \\"b\\"\\n "');
  expect(quotedText('x'.repeat(201))).toBe(`"${'x'.repeat(200)}…"`);
  expect(quotedText(`${'x'.repeat(9)}😀`, 10)).toBe(`"${'x'.repeat(9)}…"`);
});

function messageOf(fail: () => unknown): string {
  try {
    return String(fail());
  } catch (error) {
    return (error as Error).message;
  }
}

/** A text whose character at the limit of an error is half of a surrogate pair. */
const cutAt = (chars: number): string => `${'x'.repeat(chars - 1)}😀 and more`;

it.each<[string, number, (text: string) => unknown]>([
  ['an element of an array', 40, (text) => NdArray.from([text], { dtype: 'float64' })],
  ['a dtype', 100, (text) => dtypeOf([text])],
  ['a shape', 100, (text) => shapeOf(text)],
  ['a uri', 200, (text) => new PyroUri(text)],
  ['an option', 1_000, (text) => optionText(text)],
  ['an item of an option', 999, (text) => optionText([text])],
  ['a value that a parameter does not take', 100, (text) => foundText(text)],
])('the error of %s cuts a text at %i characters, tells so by dots, and halves no character', (_, chars, fail) => {
  const message = messageOf(() => fail(cutAt(chars)));
  expect(message).toContain(`${'x'.repeat(chars - 1)}…`);
  expect(message).not.toMatch(/[\ud800-\udfff]|\\ud/i);
});
