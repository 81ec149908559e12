import {
  DEFAULT_MAX_CHECKED_OBJECTS,
  DEFAULT_MAX_MESSAGE_BYTES,
  SERIALIZER_IDS,
  SERIALIZER_NAMES,
} from '../protocol/constants.js';
import { SerializeError } from '../protocol/errors.js';
import { DEFAULT_MAX_VALUE_BYTES } from '../options/heap-share.js';
import { givenOptions } from '../options/option-checks.js';
import { checkLimits, VALUE_LIMITS } from '../serpent/values/value-limits.js';
import { defaultClassRegistry } from './contract/class-registry.js';
import { JsonSerializer } from './json/json-serializer.js';
import { BlobInfoSerializer } from './marshal/blob-info-serializer.js';
import { MarshalSerializer } from './marshal/marshal-serializer.js';
import { MsgpackSerializer } from './msgpack/msgpack-serializer.js';
import type { ArrayOptions, Serializer, SerializerName, SerializerOptions } from './contract/serializer.js';
import { SerpentSerializer } from './serpent-serializer.js';
import { withSerializeErrors } from './values/format-serializer.js';

const CLASSES: Readonly<Record<SerializerName, new (options: SerializerOptions) => Serializer>> = {
  serpent: SerpentSerializer,
  marshal: MarshalSerializer,
  json: JsonSerializer,
  msgpack: MsgpackSerializer,
};

const ARRAY_DEFAULTS: Required<ArrayOptions> = { write: 'bytes', typedArrays: false, read: true };

const DEFAULTS: SerializerOptions = {
  values: 'natural',
  dates: 'text',
  ...VALUE_LIMITS,
  maxBytes: DEFAULT_MAX_MESSAGE_BYTES,
  maxValueBytes: DEFAULT_MAX_VALUE_BYTES,
  maxCheckedObjects: DEFAULT_MAX_CHECKED_OBJECTS,
  serpentBytesRepr: false,
  detailedTraceback: true,
  classes: defaultClassRegistry,
  arrays: ARRAY_DEFAULTS,
};

/** Options of serializers as daemons and proxies give them. */
type GivenOptions = Partial<Omit<SerializerOptions, 'arrays'>> & { arrays?: ArrayOptions | undefined };

/** All serializers by wire id. A serializer is made at its first use: most proxies use only one. */
export class SerializersOnDemand {
  private readonly made = new Map<number, Serializer>();

  constructor(private readonly options: GivenOptions) {}

  /** @throws {SerializeError} on a limit that is out of its range */
  get(id: number): Serializer | undefined {
    const known = this.made.get(id);
    if (known !== undefined) return known;
    const name = SERIALIZER_NAMES.find((one) => SERIALIZER_IDS[one] === id);
    if (name === undefined) return undefined;
    const serializer = createSerializers(this.options, [name]).get(id)!;
    this.made.set(id, serializer);
    return serializer;
  }
}

/**
 * The serializers by wire id.
 *
 * @param allowed names of the serializers; default all
 * @throws {SerializeError} on an unknown name, and on a limit that is out of its range
 */
export function createSerializers(
  options: GivenOptions = {},
  allowed?: readonly SerializerName[],
): ReadonlyMap<number, Serializer> {
  const resolved = resolvedOptions(options);
  const serializers = new Map<number, Serializer>();
  for (const name of allowed ?? SERIALIZER_NAMES) {
    if (!Object.hasOwn(SERIALIZER_IDS, name)) {
      throw new SerializeError(`unknown serializer "${name}"; there are ${SERIALIZER_NAMES.join(', ')}`);
    }
    serializers.set(SERIALIZER_IDS[name], new CLASSES[name](resolved));
  }
  return serializers;
}

/** Makes the serializer of the info of blobs. */
export function createBlobInfoSerializer(options: GivenOptions): Serializer {
  return new BlobInfoSerializer(resolvedOptions(options));
}

/** Fills in the defaults. @throws {SerializeError} on a limit that is out of its range */
function resolvedOptions(options: GivenOptions): SerializerOptions {
  const arrays = { ...ARRAY_DEFAULTS, ...givenOptions(options.arrays ?? {}) };
  const resolved = { ...DEFAULTS, ...givenOptions(options), arrays };
  withSerializeErrors(() => checkLimits(resolved));
  return resolved;
}
