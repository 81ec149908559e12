import { expect, it } from 'vitest';
import { peerText } from '../../../lib/protocol/texts/peer-text.js';

it('a text of a peer is cut, and never in the middle of a surrogate pair', () => {
  expect(peerText('x'.repeat(200))).toBe('x'.repeat(200));
  expect(peerText('x'.repeat(201))).toBe(`${'x'.repeat(200)}…`);
  expect(peerText(`${'x'.repeat(199)}😀`)).toBe(`${'x'.repeat(199)}…`);
  expect(peerText(`${'x'.repeat(198)}😀`)).toBe(`${'x'.repeat(198)}😀`);
  expect(peerText(`${'x'.repeat(198)}😀.`)).toBe(`${'x'.repeat(198)}😀…`);
});
