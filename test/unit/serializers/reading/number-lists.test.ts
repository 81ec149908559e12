import { setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

setFlagsFromString('--allow-natives-syntax');
/** True for a list that V8 holds in 8 bytes for each number. */
const holdsNumbersInPlace = new Function('list', 'return %HasDoubleElements(list)') as (list: unknown) => boolean;

const TIMES = 5_000;

describe.each(['natural', 'faithful'] as const)('a list of numbers takes 8 bytes for each, values: %s', (values) => {
  it.each([...createSerializers({ values }).values()])('whatever an application did to earlier lists: $name', (serializer) => {
    const small = serializer.dumps([1.5, 2.5, 3.5]);
    const integers = serializer.dumps([1, 2, 3]);
    const large = serializer.dumps(Float64Array.from({ length: 5_000 }, (_, index) => 2 ** 40 + index));
    for (let time = 0; time < TIMES; time++) {
      for (const data of [small, integers]) {
        (serializer.loads(data) as unknown[]).push('end');
        (serializer.loads(data) as unknown[])[0] = { time };
      }
    }
    expect(holdsNumbersInPlace([1.5, 'end'])).toBe(false);
    expect(holdsNumbersInPlace(serializer.loads(large))).toBe(values === 'natural');
  });
});
