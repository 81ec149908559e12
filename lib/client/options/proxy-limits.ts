import { ANNOTATION_DEFAULTS } from '../../protocol/messages/annotations.js';
import { DEFAULT_MAX_CHECKED_OBJECTS, DEFAULT_MAX_HOST_LOOKUPS, DEFAULT_MAX_MESSAGE_BYTES } from '../../protocol/constants.js';
import { INFLATION_DEFAULTS } from '../../protocol/messages/inflation.js';
import { DEFAULT_MAX_VALUE_BYTES } from '../../options/heap-share.js';
import { LIMIT_BOUNDS, type NumberBounds } from '../../options/option-checks.js';
import { VALUE_LIMITS } from '../../serpent/values/value-limits.js';

/** A limit of a proxy. Its name is the name of its option. */
export interface ProxyLimit {
  /** Default of the option, in `unit`. */
  readonly default: number;
  /** The default in words, where no number says enough. */
  readonly defaultText?: string;
  /** The unit of the values, for readers: `bytes`, `ms`, `calls`. A time of 0 is no limit. */
  readonly unit: string;
  /** The thing that is limited. */
  readonly subject: string;
  /** The consequence when the limit is reached, and the error of the call. */
  readonly consequence: string;
  /** Smallest and largest value of the option. Default: from 0 to the largest that a number or a timer holds. */
  readonly bounds?: NumberBounds;
}

/** The name of a limit of a proxy, and of its option. */
export type ProxyLimitName =
  | 'callTimeoutMs'
  | 'connectTimeoutMs'
  | 'frameTimeoutMs'
  | 'idleTimeoutMs'
  | 'poolSize'
  | 'maxQueuedCalls'
  | 'maxRetries'
  | 'maxMessageBytes'
  | 'maxHandshakeBytes'
  | 'maxValueBytes'
  | 'maxCheckedObjects'
  | 'maxAnnotations'
  | 'maxAnnotationsBytes'
  | 'maxInflationRatio'
  | 'maxInflatingBytes'
  | 'maxDepth'
  | 'maxIntDigits'
  | 'maxHostLookups';

/** Every limit of a proxy. The defaults of the options, their checks and the table of the docs are made from this table. */
export const PROXY_LIMITS: Readonly<Record<ProxyLimitName, ProxyLimit>> = {
  callTimeoutMs: {
    default: 60_000,
    unit: 'ms',
    subject: 'one call, with the wait for a connection and its repeats',
    consequence: 'TimeoutError; a connection over which the call was sent is closed',
  },
  connectTimeoutMs: {
    default: 10_000,
    unit: 'ms',
    subject: 'one attempt to connect: name lookup, socket, TLS, handshake',
    consequence: 'another attempt, up to `maxRetries` times; then TimeoutError',
    bounds: { least: 1 },
  },
  frameTimeoutMs: {
    default: 30_000,
    unit: 'ms',
    subject: 'a pause inside a reply',
    consequence: 'TimeoutError; the connection is closed',
  },
  idleTimeoutMs: {
    default: 0,
    defaultText: 'none; for proxies in results of calls 30 s',
    unit: 'ms',
    subject: 'the time without calls',
    consequence: 'the connections are closed; the next call opens one',
  },
  poolSize: {
    default: 1,
    unit: 'connections',
    subject: 'connections at the same time, besides those of calls that are made while this program is called back',
    consequence: 'further calls wait',
    bounds: { least: 1, most: 10_000 },
  },
  maxQueuedCalls: {
    default: 1_000,
    unit: 'calls',
    subject: 'calls that wait for a connection',
    consequence: 'CommunicationError; the call was not sent',
  },
  maxRetries: {
    default: 2,
    unit: 'attempts',
    subject: 'further attempts to connect, and of `repeatable` calls',
    consequence: 'the error of the last attempt',
  },
  maxMessageBytes: {
    default: DEFAULT_MAX_MESSAGE_BYTES,
    unit: 'bytes',
    subject: 'one message either way, also after inflation',
    consequence: 'MessageTooLargeError; a larger request is not sent, a larger reply ends its connection before its body is read',
    bounds: LIMIT_BOUNDS.maxMessageBytes,
  },
  maxHandshakeBytes: {
    default: 1024 * 1024,
    unit: 'bytes',
    subject: 'the answer to the handshake, also after inflation; its value may take four times as much memory',
    consequence: 'connecting fails: MessageTooLargeError, or SerializeError for the value',
    bounds: LIMIT_BOUNDS.maxHandshakeBytes,
  },
  maxValueBytes: {
    default: DEFAULT_MAX_VALUE_BYTES,
    defaultText: 'at most a quarter of the heap limit of the process, and not over 512 MiB',
    unit: 'bytes',
    subject: 'the memory that the value of one reply takes, as estimated while it is read',
    consequence: 'SerializeError; the connection goes on',
    bounds: LIMIT_BOUNDS.maxValueBytes,
  },
  maxCheckedObjects: {
    default: DEFAULT_MAX_CHECKED_OBJECTS,
    unit: 'objects',
    subject:
      'objects of one reply that rules of class-validator, class-transformer or a schema check, because their class is registered. A nested object counts once for each class around it. A list counts as one object, and each 64 of its items as one more. Each 1,024 characters of a text count as one. A dict counts as one; with 128 members one more, with 256 four more',
    consequence: 'SerializeError; the connection goes on',
    bounds: LIMIT_BOUNDS.maxCheckedObjects,
  },
  maxAnnotations: {
    default: ANNOTATION_DEFAULTS.maxAnnotations,
    unit: 'annotations',
    subject: 'annotations of one reply',
    consequence: 'ProtocolError; the connection is closed',
  },
  maxAnnotationsBytes: {
    default: ANNOTATION_DEFAULTS.maxAnnotationsBytes,
    unit: 'bytes',
    subject: 'the annotations of one reply together',
    consequence: 'ProtocolError; the connection is closed before the annotations are read',
  },
  maxInflationRatio: {
    default: INFLATION_DEFAULTS.maxInflationRatio,
    unit: 'times',
    subject: 'the inflated data of a reply, as a multiple of its compressed size; data up to 16 MiB may have any ratio',
    consequence: 'MessageTooLargeError; the connection goes on',
    bounds: LIMIT_BOUNDS.maxInflationRatio,
  },
  maxInflatingBytes: {
    default: INFLATION_DEFAULTS.maxInflatingBytes,
    unit: 'bytes',
    subject: 'the data that the compressed replies of all connections of the proxy inflate to at the same time',
    consequence: 'a reply waits until others are inflated',
    bounds: LIMIT_BOUNDS.maxInflatingBytes,
  },
  maxDepth: {
    default: VALUE_LIMITS.maxDepth,
    unit: 'levels',
    subject: 'nested containers in a value, either way',
    consequence: 'SerializeError; the connection goes on',
    bounds: LIMIT_BOUNDS.maxDepth,
  },
  maxIntDigits: {
    default: VALUE_LIMITS.maxIntDigits,
    unit: 'digits',
    subject: 'decimal digits of an int, either way',
    consequence: 'SerializeError; the connection goes on',
    bounds: LIMIT_BOUNDS.maxIntDigits,
  },
  maxHostLookups: {
    default: DEFAULT_MAX_HOST_LOOKUPS,
    unit: 'names',
    subject: 'host names in proxies that one server has sent, which wait to be looked up',
    consequence: 'CommunicationError; the call was not sent. An IP address in the URI needs no lookup',
    bounds: { least: 1 },
  },
};

const ENTRIES = Object.entries(PROXY_LIMITS);

/** The defaults of all limits. */
export const PROXY_LIMIT_DEFAULTS = Object.fromEntries(ENTRIES.map(([name, limit]) => [name, limit.default])) as Record<
  ProxyLimitName,
  number
>;

/** The bounds of the options of all limits. */
export const PROXY_LIMIT_BOUNDS = Object.fromEntries(ENTRIES.map(([name, { bounds = {} }]) => [name, bounds])) as Record<
  ProxyLimitName,
  NumberBounds
>;
