import { expect, it, vi } from 'vitest';
import { dumps, loads } from '../../../lib/serpent/index.js';

it('a text with characters of all blocks of Unicode asks once for each character, not for whole blocks', () => {
  const points = Array.from({ length: 0x1100 }, (_, block) => block * 0x100 + 65).filter((at) => at < 0xd800 || at > 0xdfff);
  const text = String.fromCodePoint(...points);
  const test = vi.spyOn(RegExp.prototype, 'test');
  const written = dumps(text);
  const asked = test.mock.calls.length;
  test.mockClear();
  expect(dumps(text)).toEqual(written);
  const askedAgain = test.mock.calls.length;
  test.mockRestore();
  expect(loads(written)).toBe(text);
  expect(asked).toBeLessThan(points.length + 20);
  expect(askedAgain).toBeLessThan(20);
});
