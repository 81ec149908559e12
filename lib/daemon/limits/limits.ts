import { DEFAULT_MAX_CHECKED_OBJECTS, DEFAULT_MAX_HOST_LOOKUPS, DEFAULT_MAX_MESSAGE_BYTES } from '../../protocol/constants.js';
import { VALUE_LIMITS } from '../../serpent/values/value-limits.js';
import { DEFAULT_MAX_VALUE_BYTES, HEAP_SHARE_BYTES } from '../../options/heap-share.js';
import { ANNOTATION_DEFAULTS } from '../../protocol/messages/annotations.js';
import { INFLATION_DEFAULTS } from '../../protocol/messages/inflation.js';
import { LIMIT_BOUNDS, type NumberBounds } from '../../options/option-checks.js';
import type { Limit, LimitName } from './limit.js';

const MIB = 1024 * 1024;
const AT_LEAST_ONE: NumberBounds = { least: 1 };

/**
 * Every limit of a daemon. The defaults of the options, their checks, the counters, and the tables of the docs are made from this
 * table.
 */
export const LIMITS: Readonly<Record<LimitName, Limit>> = {
  maxMessageBytes: {
    lab: DEFAULT_MAX_MESSAGE_BYTES,
    exposed: 16 * MIB,
    unit: 'bytes',
    subject: 'one message either way, also after inflation; the results of a batch together',
    consequence: 'a larger request ends its connection before its body is read; a larger reply becomes an error',
    bounds: LIMIT_BOUNDS.maxMessageBytes,
  },
  maxHandshakeBytes: {
    lab: 64 * 1024,
    exposed: 64 * 1024,
    unit: 'bytes',
    subject: 'the CONNECT message, also after inflation; its value may take four times as much memory',
    consequence: 'the handshake is refused',
    bounds: AT_LEAST_ONE,
  },
  maxValueBytes: {
    lab: DEFAULT_MAX_VALUE_BYTES,
    exposed: Math.min(64 * MIB, HEAP_SHARE_BYTES),
    defaultText: 'at most a quarter of the heap limit of the process, and not over 512 MiB (`exposed`: 64 MiB)',
    unit: 'bytes',
    subject: 'the memory that the arguments of one request take, as estimated while they are read',
    consequence: 'the request is refused with a ValueError',
    bounds: LIMIT_BOUNDS.maxValueBytes,
  },
  maxCheckedObjects: {
    lab: DEFAULT_MAX_CHECKED_OBJECTS,
    exposed: 10_000,
    unit: 'objects',
    subject:
      'objects of one request that rules of class-validator, class-transformer or a schema check, because their class is registered or is the type of a parameter, and those in arguments that pipes of Nest validate. Objects that `ParseArrayPipe` makes of texts count before they are made, and each 16 of its other items as one, or each where all may have an error. A nested object counts once for each class around it. A list counts as one object, and each 64 of its items as one more. Each 1,024 characters of a text count as one. A dict counts as one; with 128 members one more, with 256 four more',
    consequence: 'the request is refused with a ValueError',
    bounds: LIMIT_BOUNDS.maxCheckedObjects,
  },
  maxInFlightValueBytes: {
    lab: HEAP_SHARE_BYTES,
    exposed: HEAP_SHARE_BYTES,
    defaultText: 'a quarter of the heap limit of the process',
    unit: 'bytes',
    subject:
      'the memory of the arguments and annotations of all running requests, with 1 KiB for each, of the results of running batches and the lists of a name server, and of the data of all running handshakes. An item stream is a running request until it has ended, or 5 s after it was closed. The last eighth is for connections that hold at most 64 KiB. One connection may hold half, or a value of `maxValueBytes` where that is more, and so may one remote address',
    consequence:
      'the request is refused with a PyroError: `try again later`, a batch ends with this error; a handshake is refused. No item streams are opened while iterators of closed streams that run for over 5 s hold half of it, or those of one remote address a quarter',
    bounds: AT_LEAST_ONE,
  },
  maxAnnotations: {
    lab: ANNOTATION_DEFAULTS.maxAnnotations,
    exposed: 32,
    unit: 'annotations',
    subject: 'annotations of one message',
    consequence: 'the connection is closed',
    bounds: {},
  },
  maxAnnotationsBytes: {
    lab: ANNOTATION_DEFAULTS.maxAnnotationsBytes,
    exposed: MIB,
    unit: 'bytes',
    subject: 'the annotations of one message together',
    consequence: 'the connection is closed before its annotations are read',
    bounds: {},
  },
  maxInflationRatio: {
    lab: INFLATION_DEFAULTS.maxInflationRatio,
    exposed: INFLATION_DEFAULTS.maxInflationRatio,
    unit: 'times',
    subject: 'the inflated data of a message, as a multiple of its compressed size; data up to 16 MiB may have any ratio',
    consequence: 'the request is refused with a MessageTooLargeError, and the connection is closed',
    bounds: LIMIT_BOUNDS.maxInflationRatio,
  },
  maxInflatingBytes: {
    lab: INFLATION_DEFAULTS.maxInflatingBytes,
    exposed: 64 * MIB,
    unit: 'bytes',
    subject: 'the data that the compressed messages of all connections inflate to at the same time',
    consequence: 'a message waits until others are inflated',
    bounds: LIMIT_BOUNDS.maxInflatingBytes,
  },
  maxConnections: {
    lab: 10_000,
    exposed: 10_000,
    unit: 'connections',
    subject: 'open connections',
    consequence: 'the handshake is refused: `daemon is full`',
    bounds: AT_LEAST_ONE,
  },
  maxConnectionsPerAddress: {
    lab: 5_000,
    exposed: 256,
    unit: 'connections',
    subject: 'open connections of one remote address, with those that are gone while a call or their handshake still runs',
    consequence: 'the handshake is refused: `daemon is full for ADDRESS`',
    bounds: AT_LEAST_ONE,
  },
  maxHandshakesPerAddress: {
    lab: 500,
    exposed: 32,
    unit: 'handshakes',
    subject: 'handshakes of one remote address that are under way, with those whose client has gone while a guard still runs',
    consequence: 'the handshake is refused: `daemon is full for ADDRESS`',
    bounds: AT_LEAST_ONE,
  },
  maxFailedHandshakes: {
    lab: 120,
    exposed: 20,
    unit: 'failures',
    subject:
      'failed handshakes of one remote address in a minute; and, in a count of their own, connections of the address that guards of a further object refuse',
    consequence:
      'from a quarter of the limit on refusals are delayed, up to 2 s. Over the limit of handshakes the address is refused: `Retry in … s`. Over the limit of refused connections no guards of further objects are asked: a SecurityError with the same text',
    bounds: AT_LEAST_ONE,
  },
  maxAbandonedConnections: {
    lab: 1_000,
    exposed: 1_000,
    unit: 'connections',
    subject:
      'connections that are gone while a call of theirs, or their handshake, still runs, and clean-ups that run for over 5 s. Those of one address count up to `maxAbandonedConnectionsPerAddress`',
    consequence: 'new handshakes are refused: `daemon is full`',
    bounds: AT_LEAST_ONE,
  },
  maxAbandonedConnectionsPerAddress: {
    lab: 500,
    exposed: 100,
    unit: 'connections',
    subject: 'the same, of one remote address',
    consequence: 'new handshakes of the address are refused: `daemon is full for ADDRESS`; the calls are carried out',
    bounds: AT_LEAST_ONE,
  },
  handshakeTimeoutMs: {
    lab: 10_000,
    exposed: 5_000,
    unit: 'ms',
    subject: 'the time from accept to the end of the handshake, and the time that the guards of a further object take',
    consequence: 'the handshake is refused; the use of the further object is refused with a SecurityError',
  },
  frameTimeoutMs: {
    lab: 30_000,
    exposed: 10_000,
    unit: 'ms',
    subject: 'a pause inside a message',
    consequence: 'the connection is closed',
  },
  messageTimeoutMs: {
    lab: 600_000,
    exposed: 60_000,
    unit: 'ms',
    subject: 'the time that a message takes to arrive in all',
    consequence: 'the connection is closed',
  },
  writeTimeoutMs: {
    lab: 60_000,
    exposed: 20_000,
    unit: 'ms',
    subject: 'the time in which a client takes no byte of the replies that wait for it',
    consequence: 'the connection is closed',
  },
  maxUnsentBytes: {
    lab: 1024 * MIB,
    exposed: 256 * MIB,
    unit: 'bytes',
    subject: 'the replies that wait for their clients to read them, of all connections together',
    consequence: 'the connection of the slowest reader is closed; a single reader is never cut by this limit',
    bounds: AT_LEAST_ONE,
  },
  maxUnservedBytes: {
    lab: 512 * MIB,
    exposed: 128 * MIB,
    unit: 'bytes',
    subject:
      'the requests that arrive or wait, of all connections together; requests up to 64 KiB are counted only while they wait behind others',
    consequence:
      'larger requests wait, and their connections are not read; while they wait, one that arrives too slowly for `messageTimeoutMs` ends its connection. A request that alone is over the limit ends its connection before its body is read',
    bounds: AT_LEAST_ONE,
  },
  idleTimeoutMs: {
    lab: 0,
    exposed: 600_000,
    unit: 'ms',
    subject: 'the time without requests; calls over `callTimeoutMs` that still run are none',
    consequence: 'the connection is closed',
  },
  callTimeoutMs: {
    lab: 0,
    exposed: 300_000,
    unit: 'ms',
    subject: 'the time of a call',
    consequence: '`builtins.TimeoutError`, and the signal of the call aborts. Later requests are served while the call goes on',
  },
  maxLateCalls: {
    lab: 64,
    exposed: 16,
    unit: 'requests',
    subject: 'calls of one connection over `callTimeoutMs`, or given up by an interceptor, that still run',
    consequence: 'the connection is closed after the reply of the call that is too much',
    bounds: {},
  },
  maxQueuedRequests: {
    lab: 64,
    exposed: 16,
    unit: 'requests',
    subject:
      'requests of one connection that wait or run, without those that `maxLateCalls` counts; those that wait have 8 MiB at most',
    consequence: 'no more requests are taken until one has ended. 1 MiB of them is read, to learn when the client goes away',
    bounds: AT_LEAST_ONE,
  },
  maxDepth: {
    lab: VALUE_LIMITS.maxDepth,
    exposed: 64,
    unit: 'levels',
    subject: 'nested containers in a value',
    consequence: 'the request is refused with a ValueError; a result becomes an error',
    bounds: LIMIT_BOUNDS.maxDepth,
  },
  maxIntDigits: {
    lab: VALUE_LIMITS.maxIntDigits,
    exposed: VALUE_LIMITS.maxIntDigits,
    unit: 'digits',
    subject: 'decimal digits of an int',
    consequence: 'the request is refused with a ValueError; a result becomes an error',
    bounds: LIMIT_BOUNDS.maxIntDigits,
  },
  streamLifetimeMs: {
    lab: 0,
    exposed: 3_600_000,
    unit: 'ms',
    subject: 'the life of an item stream',
    consequence: 'the stream is closed: `item stream terminated`',
  },
  streamLingerMs: {
    lab: 30_000,
    exposed: 30_000,
    unit: 'ms',
    subject: 'the time that an item stream outlives its connection; 0: not at all',
    consequence: 'the stream is closed: `item stream terminated`',
  },
  maxStreams: {
    lab: 10_000,
    exposed: 10_000,
    unit: 'streams',
    subject: 'open item streams, and closed ones whose iterators still run, for up to 5 s',
    consequence:
      'the stream that lingers longest is closed, or the call fails. The last tenth is for connections that have less than a tenth of `maxStreamsPerConnection`',
    bounds: {},
  },
  maxStreamsPerAddress: {
    lab: 5_000,
    exposed: 500,
    unit: 'streams',
    subject: 'the same, of the connections of one remote address',
    consequence: 'the call fails',
    bounds: {},
  },
  maxStreamsPerConnection: {
    lab: 100,
    exposed: 16,
    unit: 'streams',
    subject: 'open item streams that one connection has opened, or reads',
    consequence: 'the call fails; a stream that another connection opened stays open',
    bounds: {},
  },
  maxPullsPerStream: {
    lab: 64,
    exposed: 16,
    unit: 'requests',
    subject: 'requests of all connections that wait for items of one stream',
    consequence: 'the request fails; the stream stays open',
    bounds: AT_LEAST_ONE,
  },
  maxHostLookups: {
    lab: DEFAULT_MAX_HOST_LOOKUPS,
    exposed: 16,
    unit: 'names',
    subject:
      'host names in proxies of one remote address, loopback addresses too, that wait to be looked up, in the whole process. One name is looked up at a time; the addresses take turns',
    consequence: 'the call of the received proxy fails with a CommunicationError; an IP address in its URI needs no lookup',
    bounds: AT_LEAST_ONE,
  },
};
