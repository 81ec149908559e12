import { describe, expect, it } from 'vitest';
import { SERIALIZER_IDS } from '../../../../lib/protocol/constants.js';
import { ValueBudget } from '../../../../lib/serializers/contract/value-budget.js';
import type { SerializerName } from '../../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../../lib/serializers/serializers.js';
import { COSTS, isSmallInt } from '../../../../lib/serpent/costs/value-costs.js';
import { PyComplex, PyFloat } from '../../../../lib/serpent/index.js';

const littleEndian = (value: number): string => Buffer.from(Float64Array.of(value).buffer).toString('latin1');
const bigEndian = (value: number): string => Buffer.from(Float64Array.of(value).buffer).reverse().toString('latin1');

/** Values for which a reader makes an object, in each form of the wire. */
const FORMS: Record<SerializerName, readonly string[]> = {
  serpent: [
    '1.5',
    '-1.5',
    '+1.5',
    '(1.5)',
    '1e5',
    '1_0.5',
    '123456789012345678901.5',
    'np.float64(1.5)',
    'np.float64(3)',
    'np.float64(-3)',
    'np.float64(12345678901)',
    'np.float32(123456789012345678901)',
    "np.longdouble('1.5')",
    "np.longdouble('nan')",
    "numpy.float128('-inf')",
    'np.half(nan)',
    'np.float64(inf)',
    'np.float64(-inf)',
    "{'__class__': 'float', 'value': 'nan'}",
    "{'__class__': 'float', 'value': 1.5}",
    '2j',
    '-2j',
    '1+2j',
    '(1.5-2j)',
    'np.complex128(1+2j)',
    'np.complex128(1)',
    'np.complex64(1.5)',
    'np.float64(1.5)j',
    'np.float64(1.5)+np.float64(2.5)j',
    "{'__class__': 'complex', 'real': 1.5, 'imag': 2}",
    '12345678901',
    '-12345678901',
    'np.int64(12345678901)',
    '12345678901234567890',
    '-0x12345678901234567890',
    'np.uint64(12345678901234567890)',
    "b'ab'",
    "b'a' b'b'",
    "np.bytes_(b'ab')",
    "{'data': 'YWI=', 'encoding': 'base64'}",
    "{'encoding': 'base64', 'data': 'YWI='}",
    '()',
    '(1,)',
    '(1, 2, 3, 4, 5)',
    'set()',
    '{1}',
    '{}',
    "{'x': 1}",
    '{1: 1}',
    '[]',
    "['x']",
  ],
  json: ['1.5', '-1.5', '1e5', 'NaN', '-Infinity', '12345678901', '12345678901234567890', '[]', '["x"]', '{}', '{"x": 1}'],
  marshal: [
    `g${littleEndian(1.5)}`,
    'f\x031.5',
    'f\x03nan',
    `y${littleEndian(1.5)}${littleEndian(2.5)}`,
    'x\x011\x012',
    'I\0\0\0\0\x01\0\0\0',
    'I\0\0\0\0\0\0\0\x40',
    'l\x03\0\0\0\x05\0\x05\0\x05\0',
    'l\x05\0\0\0\x05\0\x05\0\x05\0\x05\0\x05\0',
    's\x02\0\0\0ab',
    ')\0',
    ')\x01N',
    '<\0\0\0\0',
    '<\x01\0\0\0N',
    '>\0\0\0\0',
    '>\x01\0\0\0N',
    '[\0\0\0\0',
    '[\x01\0\0\0N',
    '{0',
    '{z\x01xN0',
    '{NN0',
  ],
  msgpack: [
    `\xcb${bigEndian(1.5)}`,
    '\xca\x3f\xc0\0\0',
    '\xcf\0\0\0\x01\0\0\0\0',
    '\xd3\x80\0\0\0\0\0\0\0',
    `\xd8\x30${littleEndian(1.5)}${littleEndian(2.5)}`,
    '\xc7\x03\x311.5',
    '\xc7\x03\x31nan',
    '\xd5\x311j',
    '\xc7\x06\x31(1+2j)',
    '\xd6\x31nanj',
    '\xc7\x0b\x3112345678901',
    '\xc7\x14\x3112345678901234567890',
    '\xc4\x02ab',
    '\x90',
    '\x91\xc0',
    '\x80',
    '\x81\xa1x\xc0',
    '\x81\xc0\xc0',
  ],
};

/** The value as the only member of a dict: in lists, numbers take less. */
const MEMBER: Record<SerializerName, (value: string) => string> = {
  serpent: (value) => `{'m':${value}}`,
  json: (value) => `{"m":${value}}`,
  marshal: (value) => `{z\x01m${value}0`,
  msgpack: (value) => `\x81\xa1m${value}`,
};

/** A value without memory of its own. */
const NONE: Record<SerializerName, string> = { serpent: 'None', json: 'null', marshal: 'N', msgpack: '\xc0' };

function leastCost(value: unknown): number {
  if (typeof value === 'number') return isSmallInt(value) ? 0 : COSTS.number;
  if (typeof value === 'bigint') return COSTS.bigint;
  if (value instanceof PyFloat) return COSTS.float;
  if (value instanceof PyComplex) return COSTS.complex;
  if (Buffer.isBuffer(value)) return COSTS.bytes + value.length;
  if (Array.isArray(value)) return COSTS.emptyList + value.length * COSTS.slot;
  if (value instanceof Map) return COSTS.map;
  return value instanceof Set ? COSTS.set : COSTS.dict;
}

describe.each(Object.entries(FORMS))('what an object costs that a reader makes: %s', (name, forms) => {
  const format = name as SerializerName;
  describe.each(['natural', 'faithful'] as const)('%s', (values) => {
    const serializer = createSerializers({ values }).get(SERIALIZER_IDS[format])!;
    const read = (form: string): { member: unknown; spentBytes: number } => {
      const budget = new ValueBudget(2 ** 30);
      const dict = serializer.loads(Buffer.from(MEMBER[format](form), 'latin1'), { budget });
      const member: unknown = dict instanceof Map ? dict.get('m') : (dict as { m: unknown }).m;
      return { member, spentBytes: budget.spentBytes };
    };

    it.each(forms)('the member %j is counted', (form) => {
      const { member, spentBytes } = read(form);
      expect(spentBytes - read(NONE[format]).spentBytes).toBeGreaterThanOrEqual(leastCost(member));
    });
  });
});
