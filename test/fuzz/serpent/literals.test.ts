import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dumps, loads, PyComplex, pyFloat, pyTuple, SerpentError } from '../../../lib/serpent/index.js';

const RUNS = { numRuns: Number(process.env.FUZZ_RUNS ?? 500) };

const text = fc.string({ unit: 'binary', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
const finite = fc.double({ noNaN: true });
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 300n }),
  fc.double().filter((number) => !Number.isSafeInteger(number) || Object.is(number, -0)),
  text,
  bytes,
  // as in Python, a zero keeps its minus only in the real part, before a negative imaginary part
  fc.tuple(finite, finite).map(([real, imag]) => new PyComplex(imag < 0 ? real : real + 0, imag + 0)),
);

/** Values that stay the same when they are written and read in natural mode. */
const natural = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, leaf, fc.array(tie('value'), { maxLength: 5 }), tie('dict'), tie('map'), tie('set')),
  dict: fc.dictionary(
    text.filter((key) => key !== '__proto__' && key !== '__class__' && key !== 'encoding'),
    tie('value'),
    { maxKeys: 5, noNullPrototype: true },
  ),
  map: fc
    .tuple(
      fc.uniqueArray(fc.oneof(text, fc.integer({ min: 2 })), { maxLength: 4 }),
      fc.array(tie('value'), { minLength: 5, maxLength: 5 }),
    )
    .map(([keys, values]) => new Map<unknown, unknown>([[-1, null], ...keys.map((key, index) => [key, values[index]] as const)])),
  set: fc
    .uniqueArray(fc.oneof(text, fc.integer({ min: 2 })), { minLength: 1, maxLength: 5 })
    .map((members) => new Set<unknown>(members)),
})).value;

/** Values that stay the same when they are written and read in faithful mode. */
const faithful = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.double().map(pyFloat), text, bytes),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 5 }).map((items) => pyTuple(...items)),
    tie('map'),
  ),
  map: fc
    .uniqueArray(fc.tuple(text, tie('value')), { maxLength: 5, selector: ([key]) => key })
    .map((entries) => new Map(entries.filter(([key]) => key !== '__class__' && key !== 'encoding'))),
})).value;

const tokens = fc.constantFrom(
  ...String.raw`[ ] ( ) { } , : ' " ''' b r u \ x41 1 0 . e _ j + - True None set() 'a' b'b' # é __proto__ '__class__' 1e5 0x \u12 ...`.split(
    ' ',
  ),
  ' ',
  '\n',
  '\r',
  '\0',
);

function readOrRefuse(data: Uint8Array | string): void {
  for (const values of ['natural', 'faithful'] as const) {
    let value: unknown;
    try {
      value = loads(data, { values });
    } catch (error) {
      if (!(error instanceof SerpentError)) throw error;
      expect(error.offset === undefined || error.offset <= Buffer.byteLength(data)).toBe(true);
      continue;
    }
    // a value that was read can be written again, except keys of bytes, which Python cannot read
    const again = dumps(value, { bytesRepr: true });
    if (values === 'faithful') expect(dumps(loads(again, { values }), { bytesRepr: true })).toEqual(again);
  }
}

describe('round trips', () => {
  it('serpent: a written value is read as the same natural value', () => {
    fc.assert(
      fc.property(natural, fc.boolean(), (value, bytesRepr) => {
        expect(loads(dumps(value, { bytesRepr }))).toStrictEqual(value);
      }),
      RUNS,
    );
  });

  it('serpent: a written value is read as the same faithful value', () => {
    fc.assert(
      fc.property(faithful, fc.boolean(), (value, bytesRepr) => {
        expect(loads(dumps(value, { bytesRepr }), { values: 'faithful' })).toStrictEqual(value);
      }),
      RUNS,
    );
  });

  it('serpent: a written float is read as the same float', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(loads(dumps(pyFloat(value)))).toBe(value);
      }),
      RUNS,
    );
  });
});

describe('numbers', () => {
  it('serpent: a float is written with the digits that JavaScript writes', () => {
    const usual = fc
      .tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -5, max: 15 }), fc.integer({ min: 1, max: 17 }))
      .map(([digits, exponent, precision]) => Number((digits * 10 ** exponent).toPrecision(precision)));
    const withFraction = fc
      .oneof(usual, fc.double({ min: 0.001, max: 1e6, noNaN: true }))
      .filter((value) => !Number.isInteger(value));
    fc.assert(
      fc.property(
        withFraction.filter((value) => value >= 1e-4),
        (value) => {
          expect(dumps(value).toString().split('\n')[1]).toBe(String(value));
          expect(dumps(-value).toString().split('\n')[1]).toBe(String(-value));
        },
      ),
      { numRuns: RUNS.numRuns * 10 },
    );
  });

  it('serpent: a float with any digits is rounded as JavaScript rounds it', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(digits, digits, (whole, fraction) => {
        const literal = `${whole.replace(/^0+(?=.)/, '')}.${fraction}`;
        expect(loads(literal)).toBe(Number(literal));
      }),
      { numRuns: RUNS.numRuns * 10 },
    );
  });

  it('serpent: a float in the middle of two others is rounded as JavaScript rounds it', () => {
    const middle = fc.tuple(
      fc.bigInt({ min: 2n ** 52n, max: 2n ** 53n - 1n }),
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(-1n, 0n, 1n),
    );
    fc.assert(
      fc.property(middle, ([mantissa, shift, change]) => {
        const scaled = String((mantissa * 2n + 1n) * 5n ** BigInt(shift) + change).padStart(shift + 1, '0');
        const literal = `${scaled.slice(0, -shift)}.${scaled.slice(-shift)}`;
        expect(loads(literal)).toBe(Number(literal));
      }),
      { numRuns: RUNS.numRuns * 4 },
    );
  });
});

describe('any text', () => {
  it('serpent: random tokens are a value or a SerpentError', () => {
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 12 }), (parts) => readOrRefuse(parts.join(''))),
      { numRuns: RUNS.numRuns * 4 },
    );
  });

  it('serpent: random bytes are a value or a SerpentError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), readOrRefuse), RUNS);
  });

  it('serpent: messages with some bytes changed are a value or a SerpentError', () => {
    fc.assert(
      fc.property(
        natural,
        fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('\'"\\[](){},:#+-j.e_'))))),
        (value, changes) => {
          const message = dumps(value);
          for (const [at, byte] of changes) message[at % message.length] = byte;
          readOrRefuse(message);
        },
      ),
      RUNS,
    );
  });

  it('serpent: a container that is cut off is a SerpentError', () => {
    fc.assert(
      fc.property(natural, fc.nat(), (value, cut) => {
        const message = dumps([value]);
        const header = message.indexOf(10) + 1;
        expect(() => loads(message.subarray(0, header + (cut % (message.length - header))))).toThrow(SerpentError);
      }),
      RUNS,
    );
  });
});

describe('any value', () => {
  it('serpent: any value is written or refused with a SerpentError', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withBoxedValues: true,
          withDate: true,
          withMap: true,
          withNullPrototype: true,
          withSet: true,
          withSparseArray: true,
          withTypedArray: true,
        }),
        (value) => {
          let message: Buffer;
          try {
            message = dumps(value);
          } catch (error) {
            expect(error).toBeInstanceOf(SerpentError);
            return;
          }
          expect(() => loads(message, { values: 'faithful' })).not.toThrow();
        },
      ),
      RUNS,
    );
  });
});
