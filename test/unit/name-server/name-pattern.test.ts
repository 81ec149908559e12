import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { instructionsOf, namePattern } from '../../../lib/name-server/names/name-pattern.js';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/names/name-rules.js';

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

it('the estimate of an expression counts at least the instructions that re2js makes of it', () => {
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
  ['a repetition of a class', '\\w{1000}'.repeat(100)],
  ['a repetition within another one', '(?:(?:a?){30}){33}'.repeat(50)],
  ['a group whose end is in a set', '(?:[)]a?a?a?){1000}'],
])('the name server refuses %s that is too large, before it is compiled', (_, regex) => {
  expect(() => namePattern(regex, DEFAULT_NAME_LIMITS)).toThrow(
    /^\d+ instructions in a regex, with its repetitions written out: use smaller repetitions, or a prefix; the name server takes 2000 \(its option limits.maxRegexInstructions\)/,
  );
});

it.each([
  ['a$', 'a\n', true],
  ['a$', 'a\n\n', false],
  ['a{,2}b', 'aab', true],
  ['a{,2}b', 'a{,2}b', false],
  ['[[:alpha:]]', ':]', true],
  ['[[:alpha:]]', 'b', false],
  ['a\\\\Z', 'a\\Z', true],
  ['a\\\\Z', 'a\\z', false],
  ['a\\Z', 'a\n', false],
  ['\\w+$', 'é', true],
  ['\\d', '٣', true],
  ['\\s', '\u00a0', true],
  ['(?a)\\w', 'é', false],
  ['(?a)lab\\b', 'labé', true],
  ['(?ai)k', '\u212a', false],
  ['(?ai)[a-k]', 'K', true],
  ['(?i)i', '\u0130', true],
  ['\\u00e9\\x41\\101', 'éAA', true],
  ['a(?#the first letter)b', 'ab', true],
  ['\\\\Q', '\\Q', true],
])('the name server matches %j with %j as Python does: %j', (regex, name, isMatch) => {
  expect(namePattern(regex, DEFAULT_NAME_LIMITS)(name)).toBe(isMatch);
});

it.each([
  ['lab\\b', 'the name server does not take \\b; it knows ASCII characters only here: begin the expression with (?a)'],
  ['[\\W]', 'the name server does not take \\W in a set; begin the expression with (?a)'],
  ['(?x) a', 'the name server does not take the flag x; write the expression without spaces and comments'],
  ['a++', 'the name server does not take a possessive repetition; leave its second + out'],
  ['(?>a)', 'the name server does not take an atomic group; expressions run in linear time'],
  ['(?=a)', 'the name server does not take a lookahead; expressions run in linear time'],
  ['(?<!a)', 'the name server does not take a lookbehind; expressions run in linear time'],
  ['(a)\\1', 'the name server does not take a backreference; expressions run in linear time'],
  ['(?P<n>a)(?P=n)', 'the name server does not take a backreference; expressions run in linear time'],
  ['a{1001}', 'the name server does not take a repetition of more than 1000 times; use a smaller one'],
  ['a$.*', 'the name server does not take $ before other characters; write it at the end'],
  ['(a$|\\n){2}', 'the name server does not take $ in a repetition; write it at the end'],
  ['\\N{DIGIT ONE}', 'the name server does not take \\N; write the character, or its number'],
  ['\\Q', 'bad escape \\Q at position 2'],
  ['a**', 'multiple repeat at position 3'],
])(
  'the name server refuses the expression %j, since it would mean something else or be too costly, and names the remedy',
  (regex, text) => {
    expect(() => namePattern(regex, DEFAULT_NAME_LIMITS)).toThrow(`invalid regex: ${text}`);
  },
);

it('the name server refuses numbers that are no numbers in JavaScript, and more groups within groups than the stack may hold', () => {
  const compiled = (regex: string) => () => namePattern(regex, DEFAULT_NAME_LIMITS);
  expect(compiled(`a{${'9'.repeat(400)}}`)).toThrow('a repetition of more than 1000 times');
  expect(compiled('('.repeat(300))).toThrow('more than 250 groups within groups; use fewer');
});

it('the name server refuses large ranges with the flag i before re2js looks for the other case of each character', () => {
  const compiled = (regex: string) => () => namePattern(regex, DEFAULT_NAME_LIMITS);
  const text = 'does not take ranges of more than 1000000 characters with the flag i; use smaller ranges, or leave the flag out';
  expect(compiled(`(?i)${'[a-\\U0010ffff]'.repeat(9)}`)).toThrow(text);
  expect(compiled(`(?i)${'[\\S]'.repeat(9)}`)).toThrow(text);
  for (const regex of ['(?i)[a-\\U0010ffff]', `(?i)${'[\\w.-]*\\S'.repeat(90)}`, '[a-\\U0010ffff]'.repeat(60)])
    expect(compiled(regex)).not.toThrow();
});

it('the name server takes the expressions that people write', () => {
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

it('an expression does not match a name over maxNameLength, which another program may have put into a shared store', () => {
  const matches = namePattern('a*', DEFAULT_NAME_LIMITS);
  expect(matches('a'.repeat(1_000))).toBe(true);
  expect(() => matches('a'.repeat(1_001))).toThrow(
    '1001 characters in a name for a regex; the name server takes 1000 (its option limits.maxNameLength)',
  );
});
