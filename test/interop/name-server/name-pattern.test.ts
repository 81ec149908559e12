import fc from 'fast-check';
import { RE2JS } from 're2js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NamingError } from '../../../lib/core.js';
import { instructionsOf, namePattern } from '../../../lib/name-server/names/name-pattern.js';
import { DEFAULT_NAME_LIMITS } from '../../../lib/name-server/names/name-rules.js';
import { translateRegex } from '../../../lib/name-server/regex/python-regex.js';
import { PythonInterpreter } from '../python-interpreter.js';

const COUNT = Number(process.env.LONG_VALUES ?? 4_000);

/** Parts that make up regular expressions, in any order. */
const PARTS = [
  [
    'a',
    'b',
    'K',
    'i',
    'I',
    's',
    'é',
    'É',
    'ſ',
    'İ',
    '\u{1f600}',
    '1',
    '\u0663',
    '_',
    ' ',
    '\n',
    '\u00a0',
    '-',
    ',',
    '=',
    '<',
    ':',
    '#',
  ],
  ['.', '^', '$', '$', '|', '(', '(?:', '(?P<n>', '(?P<m>', ')', ')', ')', '*', '+', '?', '*?', '{', '}', ']', '[', '[^'],
  ['{2}', '{,2}', '{,}', '{1,}', '{0}', '{2,1}', '{1,2}?', '{1', '{x}', '++', '{a'],
  [
    '(?i)',
    '(?a)',
    '(?u)',
    '(?s)',
    '(?m)',
    '(?ims)',
    '(?x)',
    '(?L)',
    '(?i:',
    '(?-i:',
    '(?a:',
    '(?s-i:',
    '(?i-i:',
    '(?#c)',
    '(?',
    '(?<n>',
  ],
  ['(?=', '(?!', '(?<=', '(?<!', '(?>', '(?P=n)', '(?(1)'],
  ['\\w', '\\W', '\\d', '\\D', '\\s', '\\S', '\\b', '\\B', '\\A', '\\Z', '\\z', '\\n', '\\t', '\\v', '\\a'],
  [
    '\\.',
    '\\\\',
    '\\-',
    '\\]',
    '\\(',
    '\\é',
    '\\_',
    '\\x41',
    '\\x4',
    '\\u00e9',
    '\\U0001f600',
    '\\101',
    '\\1',
    '\\0',
    '\\8',
    '\\777',
  ],
  ['\\Q', '\\E', '\\C', '\\pL', '\\p{L}', '\\N{DIGIT ONE}', '\\h', '\\'],
  [
    '[ab]',
    '[^ab]',
    '[a-z]',
    '[A-Z_]',
    '[]a]',
    '[^]a]',
    '[a-]',
    '[-a]',
    '[z-a]',
    '[[:alpha:]]',
    '[a&&b]',
    '[a\\]b]',
    '[\\w-]',
    '[\\w-z]',
  ],
  [
    '[^\\W]',
    '[\\D]',
    '[^\\S\\n]',
    '[\\b]',
    '[\\x41-\\x5a]',
    '[\\101]',
    '[é-ü]',
    '[h-j]',
    '[^i]',
    '[^k]',
    '[\\A]',
    '[\\8]',
    '[a--b]',
  ],
].flat();
/** Characters that make up names. */
const CHARACTERS = [
  [
    'a',
    'b',
    'A',
    'K',
    'k',
    '\u212a',
    'i',
    'I',
    'ı',
    'İ',
    's',
    'S',
    'ſ',
    'é',
    'É',
    '\u{1f600}',
    '1',
    '\u0663',
    '²',
    'Ⅷ',
    '中',
    '_',
  ],
  [
    ' ',
    '\n',
    '\t',
    '\u00a0',
    '\x1c',
    '\u0085',
    '\u2028',
    '\u0301',
    '-',
    '.',
    '\\',
    '{',
    ',',
    '2',
    '}',
    '[',
    ':',
    ']',
    'Z',
    'z',
    'l',
    'p',
    'h',
    '&',
  ],
].flat();

/** Parts that are about the ends of lines, groups and repetitions. */
const STRUCTURE = [
  'a',
  'a',
  'b',
  '\\n',
  '$',
  '$',
  '^',
  '.',
  '\\Z',
  '|',
  '(',
  '(',
  '(?m:',
  '(?s:',
  ')',
  ')',
  ')',
  '*',
  '?',
  '{2}',
  '{,2}',
];

const parts = fc.oneof(
  fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 7 }),
  fc.array(fc.constantFrom(...STRUCTURE), { minLength: 3, maxLength: 10 }),
);
const namesOf = (characters: readonly string[], count: number): fc.Arbitrary<string[]> =>
  fc.array(fc.string({ unit: fc.constantFrom(...characters), maxLength: 5 }), { minLength: count, maxLength: count });
const names = fc.tuple(namesOf(CHARACTERS, 8), namesOf(['a', 'b', '\n'], 8)).map((texts) => texts.flat());

/** Python's answers for each expression: whether it matches each name, or undefined when it is invalid. */
type Answers = readonly (readonly boolean[] | null)[];

describe('regular expressions', () => {
  let python: PythonInterpreter;
  beforeAll(async () => {
    python = await PythonInterpreter.start();
  });
  afterAll(() => python.stop());

  const askPython = (questions: readonly { regex: string; names: readonly string[] }[]): Promise<Answers> =>
    python.run(
      `
      import re, warnings
      warnings.simplefilter("ignore")
      def answer(regex, names):
          try:
              pattern = re.compile(regex)
          except Exception:
              return None
          return [pattern.match(name) is not None for name in names]
      return [answer(**question) for question in questions]
      `,
      { questions },
    );

  it('the name server matches what Python’s re matches, and refuses what it refuses', async () => {
    const questions = fc.sample(fc.tuple(parts, names), COUNT).map(([regex, texts]) => ({ regex: regex.join(''), names: texts }));
    // a name that has the very text of the expression is often near a match
    for (const { regex, names: texts } of questions) texts.push(regex, regex.replaceAll('\\', ''));
    const answers = await askPython(questions);
    let taken = 0;
    for (const [index, question] of questions.entries()) {
      const { regex, names: texts } = question;
      let matches: (name: string) => boolean;
      try {
        matches = namePattern(regex, DEFAULT_NAME_LIMITS);
      } catch (error) {
        expect(error, regex).toBeInstanceOf(NamingError);
        const isRefusedHere = /does not take|invalid repeat count/.test((error as NamingError).message);
        if (!isRefusedHere) expect(answers[index], `${JSON.stringify(regex)}: ${(error as NamingError).message}`).toBeNull();
        continue;
      }
      taken++;
      const translated = translateRegex(regex);
      expect(instructionsOf(translated), translated).toBeGreaterThanOrEqual(RE2JS.compile(translated).programSize());
      const ours = texts.map((text) => matches(text));
      expect({ ...question, answers: ours }).toEqual({ ...question, answers: answers[index] });
    }
    expect(taken).toBeGreaterThan(COUNT / 10);
  });
});
