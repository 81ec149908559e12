import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { instructionsOf, namePattern } from '../../../lib/name-server/name-pattern.js';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/name-rules.js';

/** Parts that make up regular expressions, in any order. */
const PARTS = [
  'a',
  '.',
  '\\d',
  '\\pL',
  '\\p{Greek}',
  '\\(',
  '\\\\',
  '[a-z]',
  '[^]a]',
  '[]]',
  '[[:alpha:]x]',
  '[\\]{9}]',
  '[(]',
  '€',
  '\u{1f600}',
  '(',
  '(?:',
  '(?i:',
  '(?P<n>',
  '(?i)',
  ')',
  ')',
  ')',
  '|',
  '^',
  '$',
  '\\b',
  '*',
  '+',
  '?',
  '*?',
  '{3}',
  '{2,}',
  '{0,4}',
  '{2,5}?',
  '{0}',
  '{,3}',
  '{',
  '}',
  ']',
  '{7',
];

it('counts at least the instructions that re2js makes of an expression', () => {
  let compiled = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PARTS), { maxLength: 12 }), (parts) => {
      const regex = parts.join('');
      let size: number;
      try {
        size = RE2JS.compile(regex).programSize();
      } catch {
        return;
      }
      compiled++;
      expect(instructionsOf(regex), regex).toBeGreaterThanOrEqual(size);
    }),
    {
      numRuns: 20_000,
      examples: [[['\\b', '*', '(?i)', '{2,5}?']], [['(', '\\b', '*', ')', '{0,4}']], [['^', '*', '(?i)', '{3}']]],
    },
  );
  expect(compiled).toBeGreaterThan(100);
});

it.each([
  ['a repetition', '(?:a?){1000}'.repeat(80)],
  ['a repetition of a class', '\\pL{1000}'.repeat(100)],
  ['a repetition within another one', '(?:(?:a?){30}){33}'.repeat(50)],
  ['a group whose end is in a set', '(?:[)]a?a?a?){1000}'],
  ['a group that is never closed', '(?:a{999}(?:a{999}(?:a{999}'],
])('refuses %s that is too large, before it is compiled', (_, regex) => {
  expect(() => namePattern(regex, DEFAULT_NAME_LIMITS)).toThrow(
    /^\d+ instructions in a regex, with its repetitions written out: use smaller repetitions, or a prefix; the name server takes 2000 \(its option limits.maxRegexInstructions\)/,
  );
});

it('refuses the quoted text of re2js, as Python does, since the text is no expression', () => {
  expect(() => namePattern('(?:\\Q)\\Ea?a?){1000}', DEFAULT_NAME_LIMITS)).toThrow('invalid regex: bad escape \\Q');
  expect(namePattern('\\\\Q', DEFAULT_NAME_LIMITS)('\\Q')).toBe(true);
});

it('takes what people write', () => {
  const words = Array.from({ length: 90 }, (_, index) => `lab\\.camera${index}`)
    .join('|')
    .slice(0, 999);
  for (const regex of [
    'lab\\..*',
    '(?i)^(lab|test)\\.[a-z0-9_-]{1,63}\\.\\w+$',
    '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}',
    words,
  ]) {
    expect(instructionsOf(regex)).toBeLessThan(DEFAULT_NAME_LIMITS.maxRegexInstructions);
    expect(namePattern(regex, DEFAULT_NAME_LIMITS)).toBeInstanceOf(Function);
  }
});

it('does not match a name over maxNameLength, which another program may have put into a shared store', () => {
  const matches = namePattern('a*', DEFAULT_NAME_LIMITS);
  expect(matches('a'.repeat(1_000))).toBe(true);
  expect(() => matches('a'.repeat(1_001))).toThrow(
    '1001 characters in a name for a regex; the name server takes 1000 (its option limits.maxNameLength)',
  );
});
