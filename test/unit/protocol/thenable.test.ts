import { expect, it } from 'vitest';
import { isThenable } from '../../../lib/calls/thenable.js';

it('only objects and functions with a then method count as thenable', () => {
  // oxlint-disable-next-line unicorn/no-thenable -- not a function
  expect([null, undefined, 0, 'then', {}, { then: 1 }, []].some(isThenable)).toBe(false);
  // oxlint-disable-next-line unicorn/no-thenable -- a function
  expect(isThenable(Object.assign(() => undefined, { then: () => undefined }))).toBe(true);
});
