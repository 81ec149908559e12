import { type ProxyReference, referenceOf } from '../../protocol/proxy-reference.js';
import { type ClassRegistry, defaultClassRegistry } from '../../serializers/contract/class-registry.js';
import { SERIALIZER_IDS, type Serializer, type SerializerOptions } from '../../serializers/contract/serializer.js';
import { createSerializers } from '../../serializers/serializers.js';
import type { ConnectionLeases } from './connection-leases.js';
import type { Autoproxy, ResolvedProxyOptions } from '../options/proxy-options.js';

/** The serializers of one proxy. */
export class ProxySerializers {
  /** What requests are written in. */
  readonly own: Serializer;
  private readonly all: ReadonlyMap<number, Serializer>;
  /** The daemon's own messages look natural, whatever results do. */
  private readonly natural: ReadonlyMap<number, Serializer>;
  /** Of the connection that is written for. */
  private leases: ConnectionLeases | undefined;

  constructor(options: ResolvedProxyOptions) {
    const { values, maxDepth, maxIntDigits, maxMessageBytes, serpentBytesRepr, autoproxy } = options;
    const { classes = defaultClassRegistry } = options;
    const shared: Partial<SerializerOptions> = {
      maxDepth,
      maxIntDigits,
      maxBytes: maxMessageBytes,
      serpentBytesRepr,
      classes,
      encodeObject: (value) => {
        const reference = referenceOf(value) ?? this.served(value, autoproxy, classes);
        return reference && { __class__: 'Pyro5.client.Proxy', state: reference.toState() };
      },
    };
    this.all = createSerializers({ ...shared, values });
    this.natural = values === 'natural' ? this.all : createSerializers({ ...shared, values: 'natural' });
    this.own = this.all.get(SERIALIZER_IDS[options.serializer])!;
  }

  /** Runs `write`; objects of ours in it travel over the connection of these leases. */
  writeOver<T>(leases: ConnectionLeases, write: () => T): T {
    this.leases = leases;
    try {
      return write();
    } finally {
      this.leases = undefined;
    }
  }

  /** What has a converter is a value, unless it was registered by hand. */
  private served(value: object, autoproxy: Autoproxy | undefined, classes: ClassRegistry): ProxyReference | undefined {
    if (autoproxy === undefined) return undefined;
    const source = classes.converterOf(value)?.toDict ? autoproxy : (this.leases ?? autoproxy);
    return source.referenceFor(value);
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
