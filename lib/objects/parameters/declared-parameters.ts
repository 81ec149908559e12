import { processWide } from '../../copies/process-wide.js';
import { optionText } from '../../protocol/texts/safe-text.js';
import type { AnyFunction } from '../decorated-functions.js';
import { type AnyClass, decoratedMember, type MemberName, memberNamed, type RemoteMethodDecorator } from '../decorated-member.js';
import { namedParameters, type MethodParameters } from './parameter-reader.js';

/** The parameters of a method, as {@link params} declares them. */
export interface DeclaredParameters {
  /** The parameters, without the parameter that takes the remaining keywords. */
  readonly parameters: MethodParameters;
  /** Index of the parameter that takes the remaining keywords; undefined when there is none. */
  readonly keywordsIndex: number | undefined;
}

const declaredOf = processWide('parameters', () => new WeakMap<object, DeclaredParameters>());

/**
 * Declares the parameters of a method, in their order. Needed where they cannot be read from the source (minified or wrapped
 * code), and for a parameter that takes the remaining keywords as an object: Python's `**kwargs`.
 *
 * `'text'` is required. `'limit?'` may be left out. `'...words'` comes last and takes all further positional arguments.
 * `'**filters'` takes the keyword arguments that no other parameter takes; it is no positional parameter.
 *
 * ```ts
 * class Finder {
 *   @params('text', 'limit?', '**filters')
 *   find(text: string, limit = 10, filters: Record<string, unknown> = {}) { … }
 * }
 * params(Finder, 'find', 'text', 'limit?', '**filters'); // the same by a function call
 * ```
 *
 * @throws {TypeError} on a name that is empty or given twice, and on `...` before the end
 * @throws {PyroError} when the class has no such method
 */
export function params(...names: string[]): RemoteMethodDecorator;
/** The same for a method by its name. */
export function params<T extends AnyClass>(type: T, method: MemberName<T>, ...names: string[]): void;
export function params(...given: unknown[]): RemoteMethodDecorator | undefined {
  const [type, method, ...names] = given;
  if (typeof type === 'function') {
    if (typeof method === 'object') throw new TypeError("params: no names are given: write @params('text', 'limit?')");
    declaredOf.set(memberNamed(type, method as string).fn, parseNames(names as string[]));
    return undefined;
  }
  const declared = parseNames(given as string[]);
  return (...args: unknown[]): void => {
    declaredOf.set(decoratedMember(args).fn, declared);
  };
}

/** The parameters that {@link params} declared for a method. */
export function declaredParameters(fn: AnyFunction): DeclaredParameters | undefined {
  return declaredOf.get(fn);
}

function parseNames(names: readonly string[]): DeclaredParameters {
  const wrong = names.find((name: unknown) => typeof name !== 'string');
  if (wrong !== undefined) throw new TypeError(`params: ${optionText(wrong)} is no name of a parameter; it must be a text`);
  const isKeywords = (name: string): boolean => name.startsWith('**');
  const keywordsIndex = names.findIndex(isKeywords);
  const others = names.filter((name) => !isKeywords(name));
  if (others.length < names.length - 1) throw new TypeError('params: only one parameter takes the remaining keywords');
  return { parameters: namedParameters(others), keywordsIndex: keywordsIndex < 0 ? undefined : keywordsIndex };
}
