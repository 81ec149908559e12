import { checkOptions, givenOptions, milliseconds, type OptionRules, TEXT } from '../../../options/option-checks.js';

/** Options of a store in Redis. */
export interface RedisNameStoreOptions {
  /** Prefix of the keys and the channel in Redis. Each prefix is a separate name space. Default `pyro:names:`. */
  prefix?: string;
  /**
   * Time for which names are looked up in their last known state while Redis cannot be reached, in milliseconds. These answers may be out
   * of date. 0: lookups fail at once. Default 60,000.
   */
  lastKnownMs?: number;
  /** Longest wait for an answer of Redis, in milliseconds. Default 2,000. */
  timeoutMs?: number;
}

const DEFAULTS: Required<RedisNameStoreOptions> = { prefix: 'pyro:names:', lastKnownMs: 60_000, timeoutMs: 2_000 };

const RULES: OptionRules<RedisNameStoreOptions> = {
  prefix: TEXT,
  lastKnownMs: milliseconds(),
  timeoutMs: milliseconds({ least: 1 }),
};

/** Completes options. @throws {PyroError} `CONFIG`, when an option is wrong */
export function redisOptions(given: RedisNameStoreOptions): Required<RedisNameStoreOptions> {
  checkOptions(given, RULES, 'storage: ');
  return { ...DEFAULTS, ...givenOptions(given) };
}
