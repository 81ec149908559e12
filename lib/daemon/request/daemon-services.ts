import { Inflation } from '../../protocol/messages/inflation.js';
import { ProxyReference, referenceOf } from '../../protocol/proxy-reference.js';
import { servedReference } from '../../objects/serving-daemons.js';
import { IdPool } from '../../calls/correlation-id.js';
import { defaultClassRegistry } from '../../serializers/contract/class-registry.js';
import type { BlobInfoReaders } from '../../serializers/contract/serialized-blob.js';
import { SERIALIZER_IDS, SERIALIZER_NAMES } from '../../protocol/constants.js';
import { refusedSerializerText } from '../../protocol/texts/refusal-texts.js';
import type { Serializer, ValueMode } from '../../serializers/contract/serializer.js';
import { proxyToDict } from '../../serializers/objects/pyro-objects.js';
import { createBlobInfoSerializer, createSerializers } from '../../serializers/serializers.js';
import type { Daemon, ProxyOrigin, ProxyReceiver } from '../contract/daemon.js';
import type { RunningRequest } from '../contract/running-request.js';
import type { ObjectRegistry } from '../object/registry.js';
import type { EventReporter } from '../options/daemon-events.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import type { LimitName } from '../limits/limit.js';
import type { LimitCounters } from '../options/limit-counters.js';
import { UnsentBytes } from '../../transport/unsent-bytes.js';
import { Signatures } from '../object/object-signatures.js';
import { loadSignatures } from '../options/signature-book.js';
import { Turns } from '../../transport/turns.js';
import { UnservedBytes } from '../../transport/unserved-bytes.js';
import { CallObservers } from './call-observers.js';
import type { AbandonedConnections } from '../connection/abandoned-connections.js';
import type { CleanUps } from '../contract/clean-ups.js';
import { Streams } from '../streams/streams.js';
import { ValueMemory } from './value-memory.js';

/** The parts of one daemon that its handshakes, requests and replies use. Made once for each daemon. */
export interface DaemonServices {
  readonly daemon: Daemon;
  readonly options: ResolvedDaemonOptions;
  readonly objects: ObjectRegistry;
  readonly signatures: Signatures;
  readonly streams: Streams;
  /** Requests whose streams have not ended, streams that were closed and still run among them. */
  readonly streaming: Set<RunningRequest>;
  /** The memory for the values that peers send. */
  readonly memory: ValueMemory;
  /** Opens the data of messages. */
  readonly inflation: Inflation;
  readonly proxies: ProxyReceiver;
  readonly reporter: EventReporter;
  readonly limits: LimitCounters;
  readonly cleanUps: CleanUps;
  /** Connections that are gone while work for them still runs. */
  readonly abandoned: AbandonedConnections;
  readonly observers: CallObservers;
  /** The bytes that clients have not read yet. */
  readonly unsent: UnsentBytes;
  /** The requests that arrive or wait. */
  readonly unserved: UnservedBytes;
  /** The turns of the connections. */
  readonly turns: Turns;
  /** By serializer id. */
  readonly serializers: ReadonlyMap<number, Serializer>;
  /** Serializers of handshake data. They give natural values whatever the option `values` says, because guards read these values. */
  readonly handshakeSerializers: ReadonlyMap<number, Serializer>;
  /** Writes refusals while the serializer of the client is unknown, as in Pyro5, and the info of a SerializedBlob. */
  readonly marshal: Serializer;
  /** Read what blobs say about their data. */
  readonly blobInfoReaders: BlobInfoReaders;
  /** Correlation ids of requests. A request without an id gets a random id. */
  readonly correlationIds: IdPool;
}

export function createDaemonServices(
  given: Pick<DaemonServices, 'daemon' | 'options' | 'objects' | 'proxies' | 'reporter' | 'limits' | 'cleanUps' | 'abandoned'>,
): DaemonServices {
  const { daemon, options } = given;
  const { maxDepth, maxIntDigits, maxMessageBytes: maxBytes, maxValueBytes, serpentBytesRepr, detailedTraceback } = options;
  const { classes = defaultClassRegistry, arrays, maxCheckedObjects } = options;
  const encodeObject = (value: object): Record<string, unknown> | undefined => {
    const reference = referenceOf(value) ?? daemon.referenceFor(value) ?? servedReference(value, daemon);
    return reference && proxyToDict(reference);
  };
  const common = {
    maxDepth,
    maxIntDigits,
    maxBytes,
    maxValueBytes,
    maxCheckedObjects,
    serpentBytesRepr,
    detailedTraceback,
    classes,
    arrays,
    encodeObject,
  };
  const serializersFor = (values: ValueMode, allowed = options.serializers): ReadonlyMap<number, Serializer> =>
    createSerializers({ ...common, values }, allowed);
  const blobInfoFor = (values: ValueMode): Serializer => createBlobInfoSerializer({ ...common, values });
  const countWaiting = (limit: LimitName) => () => given.limits.count(limit, undefined, undefined);
  const { maxUnservedBytes, messageTimeoutMs } = options;
  const turns = new Turns();
  const unserved = new UnservedBytes(maxUnservedBytes, messageTimeoutMs, countWaiting('maxUnservedBytes'));
  return {
    ...given,
    signatures: new Signatures(loadSignatures(options.signatures)),
    observers: new CallObservers(given.reporter),
    unsent: new UnsentBytes(options.maxUnsentBytes, options.writeTimeoutMs),
    streams: new Streams(given),
    streaming: new Set(),
    memory: new ValueMemory(options),
    unserved,
    turns,
    inflation: new Inflation(options, countWaiting('maxInflatingBytes'), unserved, turns),
    serializers: createSerializers({ ...common, values: options.values, dates: options.dates }, options.serializers),
    handshakeSerializers: serializersFor('natural'),
    marshal: serializersFor('natural', ['marshal']).get(SERIALIZER_IDS.marshal)!,
    blobInfoReaders: { marshal: blobInfoFor(options.values), faithfulMarshal: blobInfoFor('faithful') },
    correlationIds: new IdPool(),
  };
}

/** Why a message with this serializer id is refused. */
export function unknownSerializerText(id: number, { serializers }: ResolvedDaemonOptions): string {
  return refusedSerializerText(id, serializers ?? SERIALIZER_NAMES);
}

/** Turns a proxy that came with a request into a value. */
export function receiveProxy({ proxies }: DaemonServices, state: readonly unknown[], origin: ProxyOrigin): unknown {
  return proxies.receive(ProxyReference.fromState(state), origin);
}
