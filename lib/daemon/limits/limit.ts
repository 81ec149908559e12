import type { NumberBounds } from '../../options/option-checks.js';

/** A limit on what clients can use. `daemon.counters` counts by its name how often the limit was reached. */
export interface Limit {
  /** Default in a trusted network. 0 is no limit, where the bounds allow it. */
  readonly lab: number;
  /** Default with `profile: 'exposed'`. */
  readonly exposed: number;
  /** Unit of the values. A time of 0 is no limit. */
  readonly unit:
    | 'bytes'
    | 'ms'
    | 'connections'
    | 'handshakes'
    | 'failures'
    | 'requests'
    | 'streams'
    | 'levels'
    | 'digits'
    | 'annotations'
    | 'objects'
    | 'names'
    | 'times';
  /** The default in words, where it depends on the process. */
  readonly defaultText?: string;
  /** The thing that is limited. */
  readonly subject: string;
  /** The consequence when the limit is reached, for clients. */
  readonly consequence: string;
  /** Smallest and largest value of the option. Default: from 0 to the largest that a number or a timer holds. */
  readonly bounds?: NumberBounds;
}

/** The name of a limit, and of its option. */
export type LimitName =
  | 'maxMessageBytes'
  | 'maxHandshakeBytes'
  | 'maxValueBytes'
  | 'maxCheckedObjects'
  | 'maxInFlightValueBytes'
  | 'maxAnnotations'
  | 'maxAnnotationsBytes'
  | 'maxInflationRatio'
  | 'maxInflatingBytes'
  | 'maxConnections'
  | 'maxConnectionsPerAddress'
  | 'maxHandshakesPerAddress'
  | 'maxFailedHandshakes'
  | 'maxAbandonedConnections'
  | 'maxAbandonedConnectionsPerAddress'
  | 'handshakeTimeoutMs'
  | 'frameTimeoutMs'
  | 'messageTimeoutMs'
  | 'writeTimeoutMs'
  | 'maxUnsentBytes'
  | 'maxUnservedBytes'
  | 'idleTimeoutMs'
  | 'callTimeoutMs'
  | 'maxLateCalls'
  | 'maxQueuedRequests'
  | 'maxDepth'
  | 'maxIntDigits'
  | 'streamLifetimeMs'
  | 'streamLingerMs'
  | 'maxStreams'
  | 'maxStreamsPerAddress'
  | 'maxStreamsPerConnection'
  | 'maxPullsPerStream'
  | 'maxHostLookups';
