import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SerializeError } from '../../../lib/protocol/errors.js';
import { SERIALIZER_IDS } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { PythonPeer } from './python-peer.js';
import { typedOf } from './python-value.js';

const json = createSerializers({ values: 'faithful' }).get(SERIALIZER_IDS.json)!;

/** Json that both Python and this package read. */
const ACCEPTED = [
  ' \t\n\r[ 1 , 2 ] \n',
  '0',
  '-0',
  '-0.0',
  '0.5e-7',
  '1E+2',
  '1e400',
  '-1e400',
  '1.0',
  '10000000000000000',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '-123456789012345678901234567890',
  '1'.repeat(4300),
  `-${'1'.repeat(4300)}`,
  `0.${'1'.repeat(5000)}`,
  'NaN',
  '[NaN, Infinity, -Infinity]',
  'true',
  'false',
  'null',
  '""',
  '"\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9 \\uD83D\\uDE00"',
  '"\\ud83d"',
  '"\\ude00\\ud83d"',
  '"\\u0000"',
  '"\u2028 \u007f \ufeff é 😀"',
  '{}',
  '{ }',
  '[]',
  '[ ]',
  '{"a":1,"a":2}',
  '{"a" : {"b":[{}]}}',
  '{"":0}',
  '{"__proto__":1,"constructor":2}',
  `${'['.repeat(200)}${']'.repeat(200)}`,
];

/** Json that both Python and this package refuse. */
const REFUSED = [
  '',
  ' ',
  '1 2',
  '01',
  '-',
  '-01',
  '+1',
  '1.',
  '.5',
  '1e',
  '1e+',
  '0x1',
  'nan',
  '+Infinity',
  '-NaN',
  'Infinit',
  'True',
  'None',
  'nul',
  'truee',
  "'a'",
  '"a',
  '"\n"',
  '"\u0000"',
  '"\u001f"',
  '"\\x41"',
  '"\\u12"',
  '"\\u12g4"',
  '"\\u 123"',
  '"\\',
  '"\\"',
  '[1,]',
  '[,1]',
  '[1 2]',
  '[',
  ']',
  '[}',
  '{"a":1,}',
  '{"a"}',
  '{"a":}',
  '{a:1}',
  '{1:2}',
  '{"a" 1}',
  '{,}',
  '{',
  '\ufeff1',
  '\u00a01',
  '\u000b1',
  '// c\n1',
  '1'.repeat(4301),
];

let python: PythonPeer;
beforeAll(async () => {
  python = await PythonPeer.start();
});
afterAll(() => python.stop());

describe('json', () => {
  it('json is read as by Python', async () => {
    for (const text of ACCEPTED) {
      const data = Buffer.from(text);
      expect(typedOf(json.loads(data)), text.slice(0, 80)).toEqual(await python.read('json', data));
    }
  });

  it('json that Python refuses is refused', async () => {
    for (const text of REFUSED) {
      const data = Buffer.from(text);
      await expect(python.read('json', data), text.slice(0, 80)).rejects.toThrow(/Error/);
      expect(() => json.loads(data), text.slice(0, 80)).toThrow(SerializeError);
    }
  });

  it.each([[[0x22, 0xff, 0x22]], [[0x22, 0xed, 0xa0, 0x80, 0x22]], [[0x22, 0xc0, 0x80, 0x22]], [[0x22, 0xe2, 0x82]]])(
    'json that is not UTF-8 is refused: %j',
    async (bytes) => {
      const data = Buffer.from(bytes);
      await expect(python.read('json', data)).rejects.toThrow(/UnicodeDecodeError/);
      expect(() => json.loads(data)).toThrow(SerializeError);
    },
  );
});
