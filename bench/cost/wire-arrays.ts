import { SERIALIZER_IDS } from '../../lib/protocol/constants.js';
import type { SerializerName } from '../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../lib/serializers/serializers.js';
import type { WireTree } from './wire-tree.js';

const serializers = createSerializers();

/** The bytes of the dict of an array, or of the dict of a scalar whose value is the array: a value that is refused. */
export function arrayBytes(tree: WireTree & { is: 'dimensions' }, name: SerializerName): Buffer {
  const { dtype, itemBytes, shape } = tree;
  const data = Buffer.alloc(
    shape.reduce((size, length) => size * length, itemBytes),
    'a',
  ).toString('base64');
  const array = { __class__: 'numpy.ndarray', dtype, shape, data };
  const bytes = serializers
    .get(SERIALIZER_IDS[name])!
    .dumps(tree.isScalar ? { __class__: 'numpy.float64', value: array } : array);
  // the literal after the header line of serpent
  return name === 'serpent' ? bytes.subarray(bytes.indexOf('\n') + 1) : bytes;
}
