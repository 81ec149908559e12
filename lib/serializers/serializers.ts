import { SerializeError } from '../protocol/errors.js';
import { defaultClassRegistry } from './class-registry.js';
import { SERIALIZER_IDS, type Serializer, type SerializerName, type SerializerOptions } from './serializer.js';
import { SerpentSerializer } from './serpent-serializer.js';

const DEFAULTS: SerializerOptions = {
  values: 'natural',
  maxDepth: 200,
  maxIntDigits: 4_300,
  serpentBytesRepr: false,
  detailedTraceback: true,
  classes: defaultClassRegistry,
};

/**
 * The serializers by wire id.
 *
 * @param allowed default: all
 * @throws {SerializeError} on a name that is none
 */
export function createSerializers(options: Partial<SerializerOptions> = {}, allowed?: readonly SerializerName[]): ReadonlyMap<number, Serializer> {
  const resolved = { ...DEFAULTS, ...options };
  const serializers = new Map<number, Serializer>();
  for (const name of allowed ?? (Object.keys(SERIALIZER_IDS) as SerializerName[])) {
    if (name === 'serpent') serializers.set(SERIALIZER_IDS.serpent, new SerpentSerializer(resolved));
    else if (!(name in SERIALIZER_IDS)) throw new SerializeError(`unknown serializer "${String(name)}"`);
  }
  return serializers;
}
