import { expect, it } from 'vitest';
import { validationMessages } from '../../../lib/classes/dto/validation-messages.js';

const LONG = 'k'.repeat(100_000);

it('the first of many messages of a validation are told, and the beginning of long ones', () => {
  const errors = Array.from({ length: 1_000 }, () => ({
    property: LONG,
    constraints: { whitelist: `property ${LONG} should not exist` },
  }));
  const messages = validationMessages(errors)!;
  expect(messages).toHaveLength(101);
  expect(messages.at(-1)).toBe('and more');
  expect(Math.max(...messages.map(({ length }) => length))).toBe(1_001);
});

it('the first steps of the path of an issue are told, and the beginning of each', () => {
  const issues = [{ path: Array.from({ length: 1_000 }, () => LONG), message: 'required' }];
  const [message] = validationMessages({ issues })!;
  expect(message).toMatch(/^k+…\.k+/);
  expect(message!.length).toBeLessThan(5_000);
  expect(validationMessages({ issues: [{ path: ['size', 0], message: 'required' }] })).toEqual(['size.0: required']);
});
