import { isIndexKey, storeIndexKeysInHashTable } from '../../serpent/costs/index-keys.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import { pythonTypeError } from '../../protocol/python-exception.js';
import { namesBefore, namesBeforeChange } from './numbered-names.js';
import { hasChangedNames } from './renamed-parameters.js';
import { type AnyFunction, decoratedFunctionsOf } from '../decorated-functions.js';
import { declaredParameters } from './declared-parameters.js';
import type { ValueShape } from '../value-shape.js';
import { type MethodParameters, type Parameter, readParameters } from './parameter-reader.js';

/** The arguments of one call, after binding. */
export interface BoundArguments {
  /** In the order of the method's positional parameters; undefined where the caller left an argument out. */
  readonly args: unknown[];
  /** Keyword arguments that no parameter took; empty unless the method takes such keywords. */
  readonly keywords: Record<string, unknown>;
}

/** A parameter of a method, as callers of the method need it. */
export interface MethodParameter {
  /** Null for a parameter that can only be given by its position. */
  name: string | null;
  /** `rest`: takes all further positional arguments. `keywords`: takes the keyword arguments that no other parameter takes. */
  kind: 'positional' | 'rest' | 'keywords';
  /** True when callers have to give the argument. */
  isRequired: boolean;
  /** Type of the values, where decorators tell it: `number`, `text`, the name of a class. Absent where it is not known. */
  type?: string;
  /** Rules of class-validator for the members of the values' class: `exposure: isNumber, min 0`. Absent where there are none. */
  rules?: string[];
  /** The members of the values, the items of lists, the values of enums. Absent where decorators do not tell them. */
  shape?: ValueShape;
}

/** Most arguments of a call. V8 puts them on its stack, which has room for some 120,000, and Nest calls methods through other functions. */
const MOST_ARGUMENTS = 32_768;

const NO_KEYWORDS: Record<string, unknown> = Object.freeze(Object.create(null) as Record<string, unknown>);

/** Binds the arguments of the calls of one method. */
export class ArgumentBinder {
  private readonly indexOf = new Map<string, number>();
  private readonly required: number;
  /** The parameters that a compiler may have renamed, by the names that they may have had. Empty where the author gave the names. */
  private readonly renamedFrom = new Map<string, string>();

  /**
   * @param qualifiedName name of the method in errors, `Class.method`
   * @param parameters undefined when unknown: then any positional arguments are accepted, and keyword arguments fail
   * @param takesKeywords true when the method takes keyword arguments that none of its parameters takes, in
   *   {@link BoundArguments.keywords}
   */
  constructor(
    private readonly qualifiedName: string,
    private readonly parameters: MethodParameters | undefined,
    private readonly takesKeywords = false,
  ) {
    const positional = parameters?.positional ?? [];
    const names = new Set(positional.flatMap(({ name }) => name ?? []));
    for (const [index, { name }] of positional.entries()) {
      if (name === undefined) continue;
      this.indexOf.set(name, index);
      if (parameters!.declared) continue;
      const before = parameters!.trustworthy ? namesBefore(name, names) : namesBeforeChange(name);
      for (const each of before) this.renamedFrom.set(each, name);
    }
    this.required = positional.filter(({ optional }) => !optional).length;
  }

  /** The parameters of the method; undefined when they are unknown. */
  describe(): MethodParameter[] | undefined {
    const { parameters, takesKeywords } = this;
    if (parameters === undefined) return undefined;
    const all: MethodParameter[] = parameters.positional.map(({ name, optional }) => ({
      name: name ?? null,
      kind: 'positional',
      isRequired: !optional,
    }));
    if (parameters.rest) all.push({ name: null, kind: 'rest', isRequired: false });
    if (takesKeywords) all.push({ name: null, kind: 'keywords', isRequired: false });
    return all;
  }

  /**
   * Puts the arguments into the order of the parameters.
   *
   * @throws {PythonException} `TypeError` with the text of CPython 3.11 for the same mistake (`self` counts as an argument)
   */
  bind(args: unknown[], kwargs: Readonly<Record<string, unknown>>): BoundArguments {
    const { parameters } = this;
    if (args.length > MOST_ARGUMENTS) {
      const text = `${this.qualifiedName}() is called with ${args.length} arguments, over ${MOST_ARGUMENTS}; send them as one list`;
      throw parameters?.rest === false ? this.tooMany(args.length) : pythonTypeError(text);
    }
    const names = Object.keys(kwargs);
    if (names.length > 0) return this.bindKeywords(args, kwargs, names);
    if (parameters === undefined) return { args, keywords: NO_KEYWORDS };
    const { length } = parameters.positional;
    if (args.length > length && !parameters.rest) throw this.tooMany(args.length);
    if (args.length < length && this.required > 0) this.checkMissing(args.length);
    return { args, keywords: NO_KEYWORDS };
  }

  /** Checks in CPython's order: first each keyword, then the number of positional arguments, then missing arguments. */
  private bindKeywords(args: unknown[], kwargs: Readonly<Record<string, unknown>>, names: string[]): BoundArguments {
    const { parameters, indexOf, qualifiedName } = this;
    const { positional = [], rest = true } = parameters ?? {};
    const bound = args.slice();
    const keywords = this.takesKeywords ? objectFor(names) : NO_KEYWORDS;
    const given = new Set<number>();
    for (const name of names) {
      const index = indexOf.get(name);
      if (index === undefined) {
        if (!this.takesKeywords || this.hasHiddenNames) throw this.unexpected(name);
        setKeyword(keywords, name, kwargs[name]);
      } else if (index < args.length) {
        throw pythonTypeError(`${qualifiedName}() got multiple values for argument '${name}'`);
      } else {
        given.add(index);
        while (bound.length < index) bound.push(undefined);
        bound[index] = kwargs[name];
      }
    }
    if (args.length > positional.length && !rest) throw this.tooMany(args.length);
    this.checkMissing(args.length, given);
    return { args: bound, keywords };
  }

  private checkMissing(givenByPosition: number, givenByKeyword?: ReadonlySet<number>): void {
    const missing: string[] = [];
    for (const [index, parameter] of this.parameters?.positional.entries() ?? []) {
      if (index < givenByPosition || parameter.optional || givenByKeyword?.has(index)) continue;
      missing.push(`'${printedName(parameter, index)}'`);
    }
    if (missing.length === 0) return;
    const plural = missing.length === 1 ? '' : 's';
    throw pythonTypeError(
      `${this.qualifiedName}() missing ${missing.length} required positional argument${plural}: ${enumeration(missing)}`,
    );
  }

  private tooMany(count: number): Error {
    // Python counts self on both sides
    const most = this.parameters!.positional.length + 1;
    const least = this.required + 1;
    const takes =
      least === most ? `${most} positional argument${most === 1 ? '' : 's'}` : `from ${least} to ${most} positional arguments`;
    return pythonTypeError(`${this.qualifiedName}() takes ${takes} but ${count + 1} were given`);
  }

  /** True when an unknown keyword may still name a parameter, because the names of parameters were changed or cannot be read. */
  private get hasHiddenNames(): boolean {
    const { positional = [], trustworthy = true } = this.parameters ?? {};
    return !trustworthy && positional.length > 0;
  }

  private unexpected(name: string): Error {
    const { parameters, qualifiedName } = this;
    const text = `${qualifiedName}() got an unexpected keyword argument '${peerText(name)}'`;
    const renamed = this.renamedFrom.get(name);
    if (renamed !== undefined)
      return pythonTypeError(
        `${text} (a compiler or bundler may have renamed the parameter to '${renamed}'; the server has to give the names as \`params\`)`,
      );
    if (parameters?.trustworthy) return pythonTypeError(text);
    return pythonTypeError(
      `${text} (its parameter names cannot be read from its source; the server has to give them as \`params\`)`,
    );
  }
}

function printedName({ name }: Parameter, index: number): string {
  return name ?? `argument ${index + 1}`;
}

/** `'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`. @see CPython ceval.c, `format_missing` */
function enumeration(names: string[]): string {
  if (names.length <= 2) return names.join(' and ');
  return `${names.slice(0, -1).join(', ')}, and ${names.at(-1)}`;
}

/** The binder of a method, and the index of the parameter that takes the remaining keywords. */
interface MethodBinding {
  readonly binder: ArgumentBinder;
  readonly keywordsIndex: number | undefined;
}

const bindings = new WeakMap<AnyFunction, MethodBinding>();

/**
 * Binds the arguments of a call to a method whose parameters were declared by `params`, or else are read from its source.
 *
 * @returns the arguments for the method, the remaining keywords among them
 * @throws {PythonException} `TypeError` when the arguments do not fit; see {@link ArgumentBinder.bind}
 */
export function bindArguments(
  object: object,
  name: string,
  fn: AnyFunction,
  args: unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): unknown[] {
  const { binder, keywordsIndex } = bindingOf(object, name, fn);
  const bound = binder.bind(args, kwargs);
  return keywordsIndex === undefined ? bound.args : withKeywords(bound, keywordsIndex);
}

/** The parameters of a method, as {@link bindArguments} takes them; undefined when they are unknown. */
export function parametersOf(object: object, name: string, fn: AnyFunction): MethodParameter[] | undefined {
  return bindingOf(object, name, fn).binder.describe();
}

function bindingOf(object: object, name: string, fn: AnyFunction): MethodBinding {
  let binding = bindings.get(fn);
  if (binding === undefined) {
    const decorated = decoratedFunctionsOf(object, name);
    const declared = [fn, ...decorated].map((each) => declaredParameters(each)).find((each) => each !== undefined);
    const { parameters, keywordsIndex } = declared ?? { parameters: ownParameters(fn, decorated), keywordsIndex: undefined };
    const qualifiedName = `${object.constructor?.name || 'object'}.${name}`;
    binding = { binder: new ArgumentBinder(qualifiedName, parameters, keywordsIndex !== undefined), keywordsIndex };
    bindings.set(fn, binding);
  }
  return binding;
}

/** The parameters in the source of a method. A wrapper around the method, `(...args)`, has the parameters of the method itself. */
function ownParameters(fn: AnyFunction, decorated: readonly AnyFunction[]): MethodParameters | undefined {
  const given = readParameters(fn);
  const read = given && { ...given, trustworthy: given.trustworthy && !hasChangedNames(fn) };
  const isWrapper = read === undefined || (read.rest && read.positional.length === 0);
  const original = isWrapper ? decorated.find((each) => each !== fn) : undefined;
  return (original && ownParameters(original, [])) ?? read;
}

function withKeywords({ args, keywords }: BoundArguments, index: number): unknown[] {
  const before = args.slice(0, index);
  while (before.length < index) before.push(undefined);
  return [...before, keywords === NO_KEYWORDS ? {} : keywords, ...args.slice(index)];
}

/** Sets a member whose name may be `__proto__`. */
function setKeyword(keywords: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') keywords[name] = value;
  else Object.defineProperty(keywords, name, { value, writable: true, enumerable: true, configurable: true });
}

/** An object for keyword arguments with these names, which a peer has chosen. `Object.keys` gives the names like array indices first. */
function objectFor([first]: readonly string[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  if (first !== undefined && isIndexKey(first)) storeIndexKeysInHashTable(object);
  return object;
}
