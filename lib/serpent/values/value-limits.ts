import { SerpentError } from './serpent-error.js';

/** Limits of reading and writing. */
export interface SerpentLimits {
  /** Nested containers and parentheses, 1 to 1,000. Default 200: as many as Python's own parser takes. */
  maxDepth?: number;
  /** Digits of one int, signs and underscores not counted; 1 to 1,000,000. Default 4,300, as in Python. */
  maxIntDigits?: number;
  /** Size of a message in bytes. Default: no limit. */
  maxBytes?: number;
}

export interface CheckedLimits {
  readonly maxDepth: number;
  readonly maxIntDigits: number;
  readonly maxBytes: number;
}

/** Defaults of the limits on values, also of daemons and proxies. */
export const VALUE_LIMITS = { maxDepth: 200, maxIntDigits: 4_300 };

const DEFAULT_LIMITS: CheckedLimits = { ...VALUE_LIMITS, maxBytes: Infinity };

/** Names of the options that are limits. */
export const LIMIT_NAMES = ['maxDepth', 'maxIntDigits', 'maxBytes'] as const satisfies readonly (keyof SerpentLimits)[];

/** The largest `maxDepth`. With a larger depth the call stack could overflow. */
export const DEEPEST = 1_000;

/** The largest `maxIntDigits`: the time to read an int grows faster than its digits. */
export const MOST_DIGITS = 1_000_000;

/** @throws {SerpentError} `BAD_OPTION` when a limit is out of its range */
export function checkLimits(limits: SerpentLimits | undefined): CheckedLimits {
  if (limits === undefined) return DEFAULT_LIMITS;
  const {
    maxDepth = DEFAULT_LIMITS.maxDepth,
    maxIntDigits = DEFAULT_LIMITS.maxIntDigits,
    maxBytes = DEFAULT_LIMITS.maxBytes,
  } = limits;
  if (!Number.isInteger(maxDepth) || maxDepth < 1 || maxDepth > DEEPEST) {
    throw new SerpentError(`maxDepth is ${maxDepth}; it has to be a whole number from 1 to ${DEEPEST}`, 'BAD_OPTION');
  }
  if (!Number.isInteger(maxIntDigits) || maxIntDigits < 1 || maxIntDigits > MOST_DIGITS) {
    throw new SerpentError(`maxIntDigits is ${maxIntDigits}; it has to be a whole number from 1 to ${MOST_DIGITS}`, 'BAD_OPTION');
  }
  if (!(maxBytes >= 1)) throw new SerpentError(`maxBytes is ${maxBytes}; it has to be at least 1`, 'BAD_OPTION');
  return { maxDepth, maxIntDigits, maxBytes };
}
