import { type AnyClass, decoratedMember, type MemberName, memberNamed, type RemoteMethodDecorator } from './decorated-member.js';
import { namedParameters, type Parameters } from './parameters.js';

type AnyFunction = (...args: never[]) => unknown;

/** What was said of the parameters of a method. */
export interface Signature {
  /** Without the one that takes keywords. */
  readonly parameters: Parameters;
  /** Where the parameter stands that takes the keywords which no other takes; undefined: there is none. */
  readonly keywordsIndex: number | undefined;
}

const signatures = new WeakMap<object, Signature>();

/**
 * Says which parameters a method has, in their order. Needed where the source does not tell (minified or wrapped code), and for a
 * parameter that takes, as an object, the keywords which no other parameter takes: Python's `**kwargs`.
 *
 * `'text'` must be given, `'limit?'` may be left out, `'...words'` comes last and takes all further positional arguments, and
 * `'**filters'` the remaining keywords; it is no positional parameter.
 *
 * ```ts
 * class Finder {
 *   @params('text', 'limit?', '**filters')
 *   find(text: string, limit = 10, filters: Record<string, unknown> = {}) { … }
 * }
 * params(Finder, 'find', 'text', 'limit?', '**filters'); // the same as a function
 * ```
 *
 * @throws {TypeError} on a name that is empty or given twice, and on `...` before the end
 * @throws {PyroError} when the class has no such method
 */
export function params(...names: string[]): RemoteMethodDecorator;
export function params<T extends AnyClass>(type: T, method: MemberName<T>, ...names: string[]): void;
export function params(...given: unknown[]): RemoteMethodDecorator | undefined {
  const [type, method, ...names] = given;
  if (typeof type === 'function') {
    signatures.set(memberNamed(type, method as string).fn, signatureOf(names as string[]));
    return undefined;
  }
  const signature = signatureOf(given as string[]);
  return (...args: unknown[]): void => {
    signatures.set(decoratedMember(args).fn, signature);
  };
}

/** What {@link params} said of a method. */
export function paramsOf(fn: AnyFunction): Signature | undefined {
  return signatures.get(fn);
}

function signatureOf(names: readonly string[]): Signature {
  const isKeywords = (name: string): boolean => name.startsWith('**');
  const keywordsIndex = names.findIndex(isKeywords);
  const others = names.filter((name) => !isKeywords(name));
  if (others.length < names.length - 1) throw new TypeError('params: only one parameter takes the remaining keywords');
  return { parameters: namedParameters(others), keywordsIndex: keywordsIndex < 0 ? undefined : keywordsIndex };
}
