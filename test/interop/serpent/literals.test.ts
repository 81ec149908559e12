import { beforeAll, describe, expect, it } from 'vitest';
import { dumps, loads, PyComplex, pyFloat, pyTuple, SerpentError } from '../../../lib/serpent/index.js';
import { ACCEPTED, OUR_REFUSALS, OUR_TOLERANCES, REFUSED } from './grammar.js';
import { runLiterals } from './python.js';
import { type PythonValue, sorted, typedOf } from '../serializers/python-value.js';
import { asWritten, naturalOf } from './literal-value.js';

interface Generated {
  form: string;
  text: string;
  /** True when a dict key or set member is bytes, which only `bytesRepr` can write. */
  bytesKey: boolean;
  typed: PythonValue;
}

type Evaluated = { typed: PythonValue; serpent: PythonValue; error?: undefined } | { error: string };

/** The number of values, each printed in up to seven ways; `npm run test:long` uses more. */
const COUNT = Number(process.env.LONG_VALUES ?? 250);
/** A failure names the seed that repeats it. */
const SEED = Number(process.env.SERPENT_SEED ?? Math.trunc(Math.random() * 0x3fffffff));
const BATCH = 250;

describe('literals that Python prints', { timeout: 120_000 + COUNT * 40 }, () => {
  let first: Generated[];
  beforeAll(async () => {
    first = await generate(0);
  });

  function generate(index: number): Promise<Generated[]> {
    return runLiterals<Generated>(['generate', String(SEED + index), String(Math.min(BATCH, COUNT - index * BATCH))]);
  }

  async function forAll(check: (generated: Generated[]) => void | Promise<void>): Promise<void> {
    for (let index = 0; index * BATCH < COUNT; index++) {
      try {
        await check(index === 0 ? first : await generate(index));
      } catch (error) {
        throw new Error(`SERPENT_SEED=${SEED + index} LONG_VALUES=${BATCH}: ${(error as Error).message}`, { cause: error });
      }
    }
  }

  it('serpent reads printed Python literals faithfully, as ast.literal_eval does', () =>
    forAll((generated) => {
      expect(generated.length).toBeGreaterThan(Math.min(BATCH, COUNT) * 3);
      for (const { form, text, typed } of generated) {
        expect(sorted(typedOf(loads(text, { values: 'faithful' }))), `${form}: ${text}`).toEqual(sorted(typed));
      }
    }));

  it('serpent reads printed Python literals as plain JavaScript values', () =>
    forAll((generated) => {
      for (const { form, text, typed } of generated) {
        expect(natural(loads(text)), `${form}: ${text}`).toEqual(natural(naturalOf(sorted(typed))));
      }
    }));

  it('serpent writes its own literals again byte for byte, but for the signs of zeros that ast.literal_eval drops', () =>
    forAll((generated) => {
      const written = generated.filter(({ form }) => form === 'serpent' || form === 'serpent bytes_repr');
      expect(written.length).toBeGreaterThan(0);
      for (const { form, text } of written) {
        const again = dumps(loads(text, { values: 'faithful' }), { bytesRepr: form === 'serpent bytes_repr' });
        expect(again.toString()).toBe(withReadZeros(text));
      }
    }));

  it('Python reads the same value after a literal was read and written here', () =>
    forAll(async (generated) => {
      const again = generated.map(({ text, bytesKey }) =>
        dumps(loads(text, { values: 'faithful' }), { bytesRepr: bytesKey }).toString(),
      );
      const evaluated = await runLiterals<Evaluated>(['evaluate'], again);
      for (const [index, { form, text, typed }] of generated.entries()) {
        const result = evaluated[index]!;
        const expected = asWritten(sorted(typed));
        expect('typed' in result && sorted(result.typed), `${form}: ${text} → ${again[index]}`).toEqual(expected);
        expect('typed' in result && sorted(result.serpent)).toEqual(expected);
      }
    }));
});

/** The text with the signs that the zeros of complex numbers have once Python has read them: it adds the parts. */
function withReadZeros(text: string): string {
  return text.replaceAll(/\(-0\.0(?=\+[\d.e+-]+j\))/g, '(0.0').replaceAll(/(?<=\(-?[\d.e+-]+)-0\.0j\)/g, '+0.0j)');
}

describe('the grammar of literals', () => {
  it('serpent accepts the literals that ast.literal_eval accepts, with the same value', async () => {
    const evaluated = await runLiterals<Evaluated>(['evaluate'], ACCEPTED);
    for (const [index, text] of ACCEPTED.entries()) {
      const result = evaluated[index]!;
      expect(sorted(typedOf(loads(text, { values: 'faithful' }))), text).toEqual(
        'typed' in result ? sorted(result.typed) : result,
      );
    }
  });

  it('serpent refuses the literals that ast.literal_eval refuses', async () => {
    const evaluated = await runLiterals<Evaluated>(['evaluate'], REFUSED);
    for (const [index, text] of REFUSED.entries()) {
      expect(evaluated[index], text).toHaveProperty('error');
      expect(() => loads(text), text).toThrow(SerpentError);
    }
  });

  it('serpent differs from ast.literal_eval only in the listed literals', async () => {
    const accepted = await runLiterals<Evaluated>(['evaluate'], OUR_REFUSALS);
    const refused = await runLiterals<Evaluated>(['evaluate'], OUR_TOLERANCES);
    for (const [index, text] of OUR_REFUSALS.entries()) {
      expect(accepted[index], text).not.toHaveProperty('error', expect.stringMatching(/^SyntaxError/));
      expect(() => loads(text), text).toThrow(SerpentError);
    }
    for (const [index, text] of OUR_TOLERANCES.entries()) {
      expect(refused[index], text).toHaveProperty('error');
      expect(() => loads(text), text).not.toThrow();
    }
  });
});

describe('values of JavaScript', () => {
  const cases: [value: unknown, typed: PythonValue][] = [
    [undefined, ['none']],
    [null, ['none']],
    [-0, ['float', '8000000000000000']],
    [0, ['int', '0']],
    [Number.MAX_SAFE_INTEGER, ['int', '9007199254740991']],
    [2 ** 53, ['float', '4340000000000000']],
    [2n ** 200n, ['int', String(2n ** 200n)]],
    [pyFloat(2), ['float', '4000000000000000']],
    [NaN, ['float', 'nan']],
    [-Infinity, ['float', 'fff0000000000000']],
    [new PyComplex(1, -2), ['complex', '3ff0000000000000', 'c000000000000000']],
    [new PyComplex(NaN, 1), ['complex', 'nan', '3ff0000000000000']],
    ['\ud800 "it\'s" \0\n\u{1f600}\u2028', ['str', '\ud800 "it\'s" \0\n\u{1f600}\u2028']],
    [new Uint8Array([0, 255]), ['bytes', '00ff']],
    [
      new Int16Array([-1, 2]),
      [
        'list',
        [
          ['int', '-1'],
          ['int', '2'],
        ],
      ],
    ],
    [new Float32Array([1]), ['list', [['float', '3ff0000000000000']]]],
    [
      [pyTuple(), pyTuple(1)],
      [
        'list',
        [
          ['tuple', []],
          ['tuple', [['int', '1']]],
        ],
      ],
    ],
    [new Set(), ['tuple', []]],
    [
      new Set([[1, ['a']]]),
      [
        'set',
        [
          [
            'tuple',
            [
              ['int', '1'],
              ['tuple', [['str', 'a']]],
            ],
          ],
        ],
      ],
    ],
    [
      new Map([[[1, 2], true]]),
      [
        'dict',
        [
          [
            [
              'tuple',
              [
                ['int', '1'],
                ['int', '2'],
              ],
            ],
            ['bool', true],
          ],
        ],
      ],
    ],
    [
      { a: 1, b: undefined, __class__: 'x' },
      [
        'dict',
        [
          [
            ['str', 'a'],
            ['int', '1'],
          ],
          [
            ['str', '__class__'],
            ['str', 'x'],
          ],
        ],
      ],
    ],
    [new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 60)), ['str', '2026-01-02T03:04:05.060000+00:00']],
    [Object('boxed'), ['str', 'boxed']],
  ];

  it('JavaScript values arrive in Python as the value table says', async () => {
    const evaluated = await runLiterals<Evaluated>(
      ['evaluate'],
      cases.map(([value]) => dumps(value).toString()),
    );
    for (const [index, [, typed]] of cases.entries()) {
      expect(evaluated[index]).toEqual({ typed, serpent: typed });
    }
  });
});

/** Ignores the order of set members, and makes `-0` equal to `0`, as Python does. */
function natural(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (value instanceof PyComplex) return ['complex', value.real + 0, value.imag + 0];
  if (Buffer.isBuffer(value)) return ['bytes', value.toString('hex')];
  if (Array.isArray(value)) return value.map(natural);
  if (value instanceof Set) return ['set', new Set([...value].map((member) => key(member)))];
  if (value instanceof Map) return ['map', Array.from(value, ([name, item]) => [key(name), natural(item)])];
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, natural(item)]));
}

function key(value: unknown): string {
  return JSON.stringify(natural(value), (_, item: unknown) => {
    if (typeof item === 'bigint') return `bigint ${item}`;
    return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item;
  });
}
