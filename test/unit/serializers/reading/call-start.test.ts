import { expect, it } from 'vitest';
import { createSerializers } from '../../../../lib/serializers/serializers.js';

const CALL = { objectId: 'obj', method: 'add', args: [17, 'ä'], kwargs: { x: 1 } };
const HEAD = Buffer.from('behind this');

/** The text of what `read` throws. */
function failureOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the call was read');
}

for (const serializer of createSerializers().values()) {
  it(`${serializer.name}: a call is read where it begins in a message`, () => {
    const data = serializer.dumpsCall(CALL);
    expect(serializer.loadsCall(Buffer.concat([HEAD, data]), {}, HEAD.length)).toEqual(CALL);
  });

  it(`${serializer.name}: a call that cannot be read fails with the same error wherever it begins`, () => {
    const data = serializer.dumpsCall(CALL);
    for (const broken of [data.subarray(0, data.length - 3), Buffer.concat([data, Buffer.from([0])])]) {
      const alone = failureOf(() => serializer.loadsCall(broken));
      expect(failureOf(() => serializer.loadsCall(Buffer.concat([HEAD, broken]), {}, HEAD.length))).toBe(alone);
    }
  });
}
