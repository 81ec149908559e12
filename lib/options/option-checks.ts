import { types } from 'node:util';
import { MAX_TIMER_MS } from '../calls/watchdog.js';
import { PyroError } from '../protocol/errors.js';
import { MAX_PORT } from '../protocol/location.js';
import { PyroUri } from '../protocol/uri.js';
import { optionText } from '../protocol/texts/safe-text.js';
import { DEEPEST, MOST_DIGITS } from '../serpent/values/value-limits.js';
import { nearestName } from './nearest-name.js';

export { MAX_TIMER_MS };

/** The error of an option or of a combination of options that cannot work. */
export function configError(message: string, cause?: Error): PyroError {
  return new PyroError(message, { code: 'CONFIG', ...(cause && { cause }) });
}

/** The options without the members whose value is undefined. */
export function givenOptions<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Refuses the address of a server that is both a unix socket and a TCP address. @param prefix stands before the error */
export function checkOneAddress(
  { host, port, unixSocket }: { host?: string; port?: number; unixSocket?: string },
  prefix = '',
): void {
  if (unixSocket !== undefined && (host !== undefined || port !== undefined))
    throw configError(`${prefix}unixSocket excludes host and port`);
}

/** The values that an option takes. */
export interface OptionRule {
  /** Completes the sentence "it must be …". */
  readonly takes: string;
  fits(value: unknown): boolean;
  /** Describes a value that does not fit, to complete the sentence "it is …". Default: {@link optionText}. */
  readonly describe?: (value: unknown) => string | undefined;
  /** The options inside, when the value is an object. */
  readonly members?: OptionRules<Record<string, unknown>>;
  /** True: the object may have other options than `members`. Only names that look like a mistyped member are refused. */
  readonly isOpen?: boolean;
}

/** A rule for every option of an interface, by its name. Names without a rule are refused. */
export type OptionRules<T> = { readonly [Name in keyof T]-?: OptionRule };

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isText = (value: unknown): boolean => typeof value === 'string';

/** A rule for values that have these methods. */
export const withMethods = (takes: string, ...methods: string[]): OptionRule => ({
  takes,
  fits: (value) => isObject(value) && methods.every((name) => isFunction((value as Record<string, unknown>)[name])),
});

/** A rule for the address of an object. The URI itself checks a text. */
export const URI: OptionRule = { takes: 'a text or a PyroUri', fits: (value) => isText(value) || value instanceof PyroUri };

/** A rule for values of every kind, and for values that are checked elsewhere. */
export const ANYTHING: OptionRule = { takes: 'anything', fits: () => true };

/** A rule for true and false. The text "false" is refused: JavaScript would take it for true. */
export const SWITCH: OptionRule = {
  takes: 'true or false, and no text',
  fits: (value) => typeof value === 'boolean',
};
export const TEXT: OptionRule = { takes: 'a text', fits: isText };
export const FULL_TEXT: OptionRule = { takes: 'a text that is not empty', fits: (value) => isText(value) && value !== '' };
/** A rule for the name or the address of a machine. An empty text stands for none. */
export const HOST: OptionRule = {
  takes: 'a text without white space, a host name or an IP address',
  fits: (value) => typeof value === 'string' && !/[\s\0]/.test(value),
};
export const FUNCTION: OptionRule = { takes: 'a function', fits: isFunction };
/** A rule that refuses async functions: the result is used at once, so a promise would be taken for it. */
export const SYNC_FUNCTION: OptionRule = {
  takes: 'a function that gives its result at once',
  fits: (value) => isFunction(value) && !types.isAsyncFunction(value),
  describe: (value) => (isFunction(value) ? 'an async function' : undefined),
};
export const OBJECT: OptionRule = { takes: 'an object', fits: isObject };
export const STREAM: OptionRule = withMethods('a socket or another byte stream', 'write', 'on', 'destroy');
export const ABORT_SIGNAL: OptionRule = withMethods('an AbortSignal', 'addEventListener', 'throwIfAborted');
export const TEXTS: OptionRule = listOf(TEXT, 'a list of texts');

/** Smallest and largest value of a number option. */
export interface NumberBounds {
  /** Default 0. */
  least?: number;
  /** Default: the largest safe integer. */
  most?: number;
}

/** A rule for whole numbers. */
export function wholeNumber({ least = 0, most = Number.MAX_SAFE_INTEGER }: NumberBounds = {}): OptionRule {
  return {
    takes: `a whole number from ${least} ${most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`}`,
    fits: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
  };
}

/** A rule for times in milliseconds. Default `most`: the longest delay of a timer. */
export function milliseconds({ least = 0, most = MAX_TIMER_MS }: NumberBounds = {}): OptionRule {
  return wholeNumber({ least, most });
}

export const PORT: OptionRule = wholeNumber({ most: MAX_PORT });

/** Bounds of the limits that daemons and proxies have in common. */
export const LIMIT_BOUNDS = {
  maxMessageBytes: { least: 1 },
  maxHandshakeBytes: { least: 1 },
  maxValueBytes: { least: 1 },
  maxCheckedObjects: { least: 1 },
  maxInflationRatio: { least: 1 },
  maxInflatingBytes: { least: 1 },
  maxDepth: { least: 1, most: DEEPEST },
  maxIntDigits: { least: 1, most: MOST_DIGITS },
} as const satisfies Record<string, NumberBounds>;

type NumberNames<T> = { [Name in keyof T]: T[Name] extends number ? Name : never }[keyof T];

/** Rules for all options whose default is a number. Names that end with `Ms` are times. */
export function numberRules<T extends object>(
  defaults: T,
  bounds: { readonly [Name in keyof T]?: NumberBounds },
): OptionRules<Pick<T, NumberNames<T>>> {
  const names = (Object.keys(defaults) as (keyof T & string)[]).filter((name) => typeof defaults[name] === 'number');
  const rules = names.map((name) => [name, (name.endsWith('Ms') ? milliseconds : wholeNumber)(bounds[name])]);
  return Object.fromEntries(rules) as OptionRules<Pick<T, NumberNames<T>>>;
}

/** A rule for objects that have options. */
export function objectRule<T>(takes: string, members: OptionRules<T>, isOpen = false): OptionRule {
  return { takes, fits: isObject, members: members as OptionRules<Record<string, unknown>>, isOpen };
}

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

/** A rule for values that fit one of several rules, of which at most one has members. */
export function anyOf(...rules: readonly OptionRule[]): OptionRule {
  const { members, isOpen } = rules.find((rule) => rule.members) ?? {};
  return {
    takes: rules.map(({ takes }) => takes).join(', or '),
    fits: (value) => rules.some((rule) => rule.fits(value)),
    ...(members && { members, isOpen }),
  };
}

function enumerated(choices: readonly string[]): string {
  return choices.length < 2 ? choices.join('') : `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
}

/**
 * Refuses options that do not fit their rules, and names that are no options. Options that are undefined have their defaults.
 *
 * @param prefix stands before the name of the option in the error, as `nameServer.` does
 * @param makeError makes the error of its text. Default: a PyroError with the code `CONFIG`
 * @throws the error. It names the option, its value and the values that the option takes; or the unknown name and the nearest known name
 */
export function checkOptions<T extends object>(
  options: T,
  rules: OptionRules<NoInfer<T>>,
  prefix = '',
  makeError: (text: string) => Error = configError,
): void {
  checkIsObject(options, prefix, makeError);
  checkMembers(options as Record<string, unknown>, { members: rules as OptionRules<Record<string, unknown>> }, prefix, makeError);
}

/** Refuses options that are no object: a text has members, too. @param prefix as in {@link checkOptions} */
export function checkIsObject(options: unknown, prefix = '', makeError: (text: string) => Error = configError): void {
  if (!isObject(options)) throw makeError(`${prefix}the options are ${optionText(options)}; they must be an object`);
}

/**
 * Refuses an argument, or the value of an option, that does not fit its rule.
 *
 * @param name names the argument in the error: `drain: deadlineMs`
 * @throws the error. It names the argument, its value and the values that it takes
 */
export function checkArgument(
  name: string,
  value: unknown,
  rule: OptionRule,
  makeError: (text: string) => Error = configError,
): void {
  if (!rule.fits(value)) throw makeError(`${name} is ${rule.describe?.(value) ?? optionText(value)}; it must be ${rule.takes}`);
}

function checkMembers(
  options: Record<string, unknown>,
  { members = {}, isOpen = false }: Pick<OptionRule, 'members' | 'isOpen'>,
  prefix: string,
  makeError: (text: string) => Error,
): void {
  for (const name of Object.keys(options)) {
    if (options[name] === undefined || Object.hasOwn(members, name)) continue;
    const nearest = nearestName(name, Object.keys(members));
    if (nearest === undefined && isOpen) continue;
    const remedy = nearest ? `did you mean ${nearest}?` : `the options are ${Object.keys(members).sort().join(', ')}`;
    throw makeError(`${prefix}${name} is no option; ${remedy}`);
  }
  for (const [name, rule] of Object.entries(members)) {
    const value: unknown = options[name];
    if (value === undefined) continue;
    checkArgument(`${prefix}${name}`, value, rule, makeError);
    if (rule.members && isObject(value)) checkMembers(value as Record<string, unknown>, rule, `${prefix}${name}.`, makeError);
  }
}
