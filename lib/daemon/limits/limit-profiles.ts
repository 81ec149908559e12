import type { NumberBounds } from '../../options/option-checks.js';
import type { Limit, LimitName } from './limit.js';
import { LIMITS } from './limits.js';

/** A set of defaults: for a network whose machines are trusted, or for one that anybody reaches. */
export type DaemonProfile = 'lab' | 'exposed';

export const PROFILES: readonly DaemonProfile[] = ['lab', 'exposed'];

/** The defaults of all limits. */
export function defaultLimits(profile: DaemonProfile): Record<LimitName, number> {
  return ofEachLimit((limit) => limit[profile]);
}

/** The bounds of the options of all limits. */
export const BOUNDS_OF_LIMITS: Record<LimitName, NumberBounds> = ofEachLimit(({ bounds = {} }) => bounds);

function ofEachLimit<T>(make: (limit: Limit) => T): Record<LimitName, T> {
  return Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, make(limit)])) as Record<LimitName, T>;
}
