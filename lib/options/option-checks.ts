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
  maxHandshakeBytes: { least: 1 },
  maxValueBytes: { least: 1 },
  maxInflationRatio: { least: 1 },
  maxInflatingBytes: { least: 1 },
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

/** The values that an option takes. */
export interface OptionRule {
  /** Completes the sentence "it must be …". */
  readonly takes: string;
  fits(value: unknown): boolean;
}

/** Rules by the names of options. */
export type OptionRules<T> = { readonly [Name in keyof T]?: OptionRule };

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isText = (value: unknown): boolean => typeof value === 'string';

/** A rule for values that have these methods. */
export const withMethods = (takes: string, ...methods: string[]): OptionRule => ({
  takes,
  fits: (value) => isObject(value) && methods.every((name) => isFunction((value as Record<string, unknown>)[name])),
});

/** True or false. The text "false" is refused: JavaScript would take it for true. */
export const SWITCH: OptionRule = {
  takes: 'true or false, and no text',
  fits: (value) => typeof value === 'boolean',
};
export const TEXT: OptionRule = { takes: 'a text', fits: isText };
export const FULL_TEXT: OptionRule = { takes: 'a text that is not empty', fits: (value) => isText(value) && value !== '' };
export const FUNCTION: OptionRule = { takes: 'a function', fits: isFunction };
export const OBJECT: OptionRule = { takes: 'an object', fits: isObject };
export const STREAM: OptionRule = withMethods('a socket or another byte stream', 'write', 'on', 'destroy');
export const ABORT_SIGNAL: OptionRule = withMethods('an AbortSignal', 'addEventListener', 'throwIfAborted');
export const TEXTS: OptionRule = listOf(TEXT, 'a list of texts');

/** A rule for one of several texts. */
export function oneOf(...choices: readonly string[]): OptionRule {
  return { takes: enumerated(choices), fits: (value) => choices.includes(value as string) };
}

/** A rule for a list, empty or not, whose items fit another rule. */
export function listOf(rule: OptionRule, takes: string): OptionRule {
  return { takes, fits: (value) => Array.isArray(value) && value.every((item) => rule.fits(item)) };
}

/** A rule for a list of at least one of several texts. */
export function someOf(...choices: readonly string[]): OptionRule {
  const list = listOf(oneOf(...choices), `a list of at least one of ${enumerated(choices)}`);
  return { takes: list.takes, fits: (value) => list.fits(value) && (value as unknown[]).length > 0 };
}

/** A rule for values that fit one of several rules. */
export function anyOf(...rules: readonly OptionRule[]): OptionRule {
  return { takes: rules.map(({ takes }) => takes).join(', or '), fits: (value) => rules.some((rule) => rule.fits(value)) };
}

function enumerated(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join('') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

/**
 * Refuses options that do not fit their rules. Options that are undefined have their defaults.
 *
 * @param prefix stands before the name of the option in the error, as `nameServer.` does
 * @param makeError makes the error of its text. Default: a PyroError with the code `CONFIG`
 * @throws the error, naming the option, its value and what it takes
 */
export function checkOptions<T extends object>(
  options: T,
  rules: { readonly [Name in keyof T]?: OptionRule },
  prefix = '',
  makeError: (text: string) => Error = configError,
): void {
  for (const [name, rule] of Object.entries(rules) as [keyof T & string, OptionRule][]) {
    const value: unknown = options[name];
    if (value === undefined || rule.fits(value)) continue;
    throw makeError(`${prefix}${name} is ${optionText(value)}; it must be ${rule.takes}`);
  }
}
