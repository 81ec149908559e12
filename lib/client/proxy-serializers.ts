import { referenceOf } from '../protocol/proxy-reference.js';
import { SERIALIZER_IDS, type Serializer, type SerializerOptions } from '../serializers/serializer.js';
import { createSerializers } from '../serializers/serializers.js';
import type { ResolvedProxyOptions } from './proxy-options.js';

/** The serializers of one proxy. */
export class ProxySerializers {
  /** What requests are written in. */
  readonly own: Serializer;
  private readonly all: ReadonlyMap<number, Serializer>;
  /** The daemon's own messages look natural, whatever results do. */
  private readonly natural: ReadonlyMap<number, Serializer>;

  constructor(options: ResolvedProxyOptions) {
    const { values, maxDepth, maxIntDigits, maxMessageBytes, serpentBytesRepr, classes, autoproxy } = options;
    const shared: Partial<SerializerOptions> = {
      maxDepth,
      maxIntDigits,
      maxBytes: maxMessageBytes,
      serpentBytesRepr,
      ...(classes && { classes }),
      encodeObject: (value) => {
        const reference = referenceOf(value) ?? autoproxy?.referenceFor(value);
        return reference && { __class__: 'Pyro5.client.Proxy', state: reference.toState() };
      },
    };
    this.all = createSerializers({ ...shared, values });
    this.natural = values === 'natural' ? this.all : createSerializers({ ...shared, values: 'natural' });
    this.own = this.all.get(SERIALIZER_IDS[options.serializer])!;
  }

  get marshal(): Serializer {
    return this.natural.get(SERIALIZER_IDS.marshal)!;
  }

  /** Undefined: there is none with the id. */
  withId(id: number): Serializer | undefined {
    return this.all.get(id);
  }

  naturalWithId(id: number): Serializer | undefined {
    return this.natural.get(id);
  }
}
