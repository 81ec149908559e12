import { type NumberBounds, numberRules, type OptionRules, SWITCH } from '../../options/option-checks.js';

/** Options of the inspector: the permission to call objects, and limits. */
export interface InspectorOptions {
  /** Lets the page call methods, read and write attributes. Default false: the page only shows objects. */
  allowCalls?: boolean;
  /** Pause between two snapshots, while somebody watches. Default 1,000. */
  intervalMs?: number;
  /** Most pages that watch at the same time. Default 20. */
  maxReaders?: number;
  /** Most objects, most connections, most streams and most names in a snapshot. Default 200. */
  maxListed?: number;
  /** Largest body of a request of the page. Default 65,536. */
  maxBodyBytes?: number;
  /** Most calls that run at the same time, waiting for items of streams included. Default 8. */
  maxCalls?: number;
  /** Most streams that are open at the same time. Default 8. */
  maxStreams?: number;
  /** Longest time for a call. Default 60,000. */
  callTimeoutMs?: number;
  /** Time after which a stream that nobody reads is closed; an unused connection is closed after twice that time. Default 60,000. */
  idleTimeoutMs?: number;
  /** Largest reply of a call. A call with a larger reply fails. Default 1 MiB. */
  maxResultBytes?: number;
}

/** The options with their defaults. */
export const INSPECTOR_DEFAULTS: Required<InspectorOptions> = {
  allowCalls: false,
  intervalMs: 1_000,
  maxReaders: 20,
  maxListed: 200,
  maxBodyBytes: 65_536,
  maxCalls: 8,
  maxStreams: 8,
  callTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  maxResultBytes: 1024 * 1024,
};

const AT_LEAST_ONE: NumberBounds = { least: 1 };

/** The rules of the options. */
export const INSPECTOR_RULES: OptionRules<InspectorOptions> = {
  ...numberRules(INSPECTOR_DEFAULTS, {
    intervalMs: { least: 100 },
    maxReaders: AT_LEAST_ONE,
    maxBodyBytes: AT_LEAST_ONE,
    maxCalls: AT_LEAST_ONE,
    maxStreams: AT_LEAST_ONE,
    callTimeoutMs: AT_LEAST_ONE,
    idleTimeoutMs: AT_LEAST_ONE,
    maxResultBytes: AT_LEAST_ONE,
  }),
  allowCalls: SWITCH,
};
