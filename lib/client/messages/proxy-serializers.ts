import { type ProxyReference, referenceOf } from '../../protocol/proxy-reference.js';
import { Inflation } from '../../protocol/messages/inflation.js';
import { ByteWriter } from '../../serpent/writing/byte-writer.js';
import { servedReference } from '../../objects/serving-daemons.js';
import { type ClassRegistry, defaultClassRegistry } from '../../serializers/contract/class-registry.js';
import { SERIALIZER_IDS } from '../../protocol/constants.js';
import type { SerializedCall, Serializer } from '../../serializers/contract/serializer.js';
import { proxyToDict } from '../../serializers/objects/pyro-objects.js';
import { SerializersOnDemand } from '../../serializers/serializers.js';
import type { AutoproxyLeases } from './autoproxy-leases.js';
import type { Autoproxy } from '../options/proxy-options.js';
import type { ResolvedProxyOptions } from '../options/resolve-proxy-options.js';

/** The serializers of one proxy. */
export class ProxySerializers {
  /** The serializer of requests. */
  readonly own: Serializer;
  /** Opens the data of replies. */
  readonly inflation: Inflation;
  private readonly all: SerializersOnDemand;
  /** Serializers of the daemon's own messages, with `values: 'natural'` and `dates: 'text'`. */
  private readonly natural: SerializersOnDemand;
  /** Leases of the connection that is being written for; see {@link writeCallInto}. */
  private leases: AutoproxyLeases | undefined;

  constructor(options: ResolvedProxyOptions) {
    const { values, dates, maxDepth, maxIntDigits, maxMessageBytes, maxValueBytes, serpentBytesRepr, autoproxy } = options;
    const { classes = defaultClassRegistry, arrays, maxCheckedObjects } = options;
    const shared = {
      maxDepth,
      maxIntDigits,
      maxBytes: maxMessageBytes,
      maxValueBytes,
      maxCheckedObjects,
      serpentBytesRepr,
      classes,
      arrays,
      encodeObject: (value: object) => {
        const reference = referenceOf(value) ?? this.ownReference(value, autoproxy, classes);
        return reference && proxyToDict(reference);
      },
    };
    this.inflation = new Inflation(options);
    this.all = new SerializersOnDemand({ ...shared, values, dates });
    this.natural =
      values === 'natural' && dates === 'text' ? this.all : new SerializersOnDemand({ ...shared, values: 'natural' });
    this.own = this.all.get(SERIALIZER_IDS[options.serializer])!;
  }

  /** Writes a call. Objects of this program in its arguments are leased until the connection of `leases` closes. */
  writeCall(call: SerializedCall, leases: AutoproxyLeases): Buffer {
    const out = new ByteWriter();
    this.writeCallInto(call, leases, out);
    return out.written();
  }

  /** Appends a call to a message that is being written, see {@link writeCall}. */
  writeCallInto(call: SerializedCall, leases: AutoproxyLeases, out: ByteWriter): void {
    // a converter of an argument may make another call
    const { leases: outer } = this;
    this.leases = leases;
    try {
      this.own.dumpsCallInto(call, out);
    } finally {
      this.leases = outer;
    }
  }

  get marshal(): Serializer {
    return this.natural.get(SERIALIZER_IDS.marshal)!;
  }

  /** The serializer with this id; undefined when there is none. */
  withId(id: number): Serializer | undefined {
    return this.all.get(id);
  }

  naturalWithId(id: number): Serializer | undefined {
    return this.natural.get(id);
  }

  /**
   * Gives the reference of an object of this program. Objects that are registered at a daemon have a reference. With `autoproxy`, other
   * objects are leased and have a reference, too, if they expose members and their class has no converter.
   */
  private ownReference(value: object, autoproxy: Autoproxy | undefined, classes: ClassRegistry): ProxyReference | undefined {
    const registered = servedReference(value, autoproxy);
    if (autoproxy === undefined || (registered && !autoproxy.referenceFor(value))) return registered;
    const source = classes.converterOf(value)?.toDict ? autoproxy : (this.leases ?? autoproxy);
    return source.referenceFor(value);
  }
}
