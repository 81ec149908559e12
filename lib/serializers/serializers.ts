import { DEFAULT_MAX_MESSAGE_BYTES } from '../protocol/constants.js';
import { SerializeError } from '../protocol/errors.js';
import { defaultClassRegistry } from './class-registry.js';
import { SERIALIZER_IDS, type Serializer, type SerializerName, type SerializerOptions } from './serializer.js';
import { MarshalSerializer } from './marshal-serializer.js';
import { SerpentSerializer } from './serpent-serializer.js';

const CLASSES: Partial<Record<SerializerName, new (options: SerializerOptions) => Serializer>> = {
  serpent: SerpentSerializer,
  marshal: MarshalSerializer,
};

const DEFAULTS: SerializerOptions = {
  values: 'natural',
  maxDepth: 200,
  maxIntDigits: 4_300,
  maxBytes: DEFAULT_MAX_MESSAGE_BYTES,
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
export function createSerializers(
  options: Partial<SerializerOptions> = {},
  allowed?: readonly SerializerName[],
): ReadonlyMap<number, Serializer> {
  const resolved = { ...DEFAULTS, ...options };
  const serializers = new Map<number, Serializer>();
  for (const name of allowed ?? (Object.keys(SERIALIZER_IDS) as SerializerName[])) {
    const SerializerClass = CLASSES[name];
    if (SerializerClass) serializers.set(SERIALIZER_IDS[name], new SerializerClass(resolved));
    else if (!(name in SERIALIZER_IDS)) throw new SerializeError(`unknown serializer "${String(name)}"`);
  }
  return serializers;
}
