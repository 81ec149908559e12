import { describe, expect, it } from 'vitest';
import { NdArray } from '../../../lib/arrays/nd-array.js';
import { registerClass } from '../../../lib/core.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import { limitOf } from '../../../lib/protocol/over-limit.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

class Wave {
  samples!: Float64Array;
}
registerClass(Wave, { name: 'memory.Wave', fields: { samples: Float64Array } });

class Shot {
  waves!: Wave[];
}
registerClass(Shot, { name: 'memory.Shot', fields: { waves: [Wave] } });

const NAMES = Object.keys(SERIALIZER_IDS) as SerializerName[];

describe.each(NAMES)('members of classes in %s', (name) => {
  const id = SERIALIZER_IDS[name];
  const reader = createSerializers({ maxValueBytes: 100_000 }).get(id)!;
  const shotOf = (samples: NdArray): Buffer =>
    createSerializers()
      .get(id)!
      .dumps({ __class__: 'memory.Shot', waves: [{ samples }] });

  it('an array in a member that is converted to a typed array counts for maxValueBytes, in a nested class too', () => {
    const shot = reader.loads(shotOf(NdArray.from(new Uint8Array(5_000)))) as Shot;
    expect(shot.waves[0]!.samples).toEqual(new Float64Array(5_000));
    let error: unknown;
    try {
      reader.loads(shotOf(NdArray.from(new Uint8Array(20_000))));
    } catch (thrown) {
      error = thrown;
    }
    expect([limitOf(error), String(error)]).toEqual(['maxValueBytes', expect.stringContaining('maxValueBytes is 100000')]);
  });

  it('an array without numbers is refused in a member that is a typed array', () => {
    expect(() => reader.loads(shotOf(NdArray.from(['a', 'b'])))).toThrow('an array of dtype U1 has no numbers for Float64Array');
  });
});
