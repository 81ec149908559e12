import { PyroError } from '../protocol/errors.js';
import { optionText } from '../protocol/safe-text.js';

/** The error of an option or of a combination of options that cannot work. */
export function configError(message: string, cause?: Error): PyroError {
  return new PyroError(message, { code: 'CONFIG', ...(cause && { cause }) });
}

/** The options without the members whose value is undefined. */
export function givenOptions<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Smallest and largest value of a number option. */
export interface NumberBounds {
  /** Default 0. */
  least?: number;
  /** Default: the longest delay of a timer when the option's name ends with `Ms`, else the largest safe integer. */
  most?: number;
}

/** Bounds of the limits that daemons and proxies have in common. */
export const LIMIT_BOUNDS = {
  maxMessageBytes: { least: 1 },
  maxDepth: { least: 1, most: 1_000 },
  maxIntDigits: { least: 1, most: 1_000_000 },
} as const satisfies Record<string, NumberBounds>;

export const PORT_BOUNDS: NumberBounds = { most: 65_535 };

/** Longest delay that a timer of Node can have. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Refuses an option that is not a whole number within its bounds.
 *
 * @param name of the option; the error names it
 * @throws {PyroError} `CONFIG`, naming option, value and bounds
 */
export function checkNumber(name: string, value: unknown, bounds: NumberBounds = {}): void {
  const { least = 0, most = name.endsWith('Ms') ? MAX_TIMER_MS : Number.MAX_SAFE_INTEGER } = bounds;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw configError(`${name} is ${optionText(value)}; it must be a whole number from ${least} to ${most}`);
}

/**
 * Checks every option whose default is a number.
 *
 * @throws {PyroError} `CONFIG`, as {@link checkNumber}
 */
export function checkNumbers<T extends object>(
  options: { readonly [Name in keyof T]?: unknown },
  defaults: T,
  bounds: { readonly [Name in keyof T]?: NumberBounds },
): void {
  for (const name of Object.keys(defaults) as (keyof T & string)[]) {
    if (typeof defaults[name] === 'number') checkNumber(name, options[name], bounds[name]);
  }
}
