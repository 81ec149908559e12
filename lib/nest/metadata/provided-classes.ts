import { processWide } from '../../copies/process-wide.js';
import type { AnyClass } from '../../objects/decorated-member.js';

/** Every class of this process that has `@PyroController`. Held weakly, because tests make and drop many. */
const decorated = processWide('decorated-classes', () => new Set<WeakRef<AnyClass>>());
/** Classes that a module of some application of this process provides. */
const provided = processWide('provided-classes', () => new WeakSet<object>());
/** Classes that a warning named already. */
const warnedOf = processWide('warned-classes', () => new WeakSet<object>());

/** How a class comes to be served. */
const REMEDY =
  'list such a class among the providers (or controllers) of one; the object of a factory or value is found if the provider gives ' +
  'the object itself, once, at the start, or has the class as its token';

/** Notes a class with `@PyroController`. */
export function noteDecorated(type: AnyClass): void {
  decorated.add(new WeakRef(type));
}

/** Notes that a module provides the class, and with it the decorated classes that it extends. */
export function noteProvided(type: AnyClass): void {
  for (let each: unknown = type; typeof each === 'function'; each = Object.getPrototypeOf(each)) provided.add(each);
}

/**
 * For an application that has no object at all.
 *
 * @throws {Error} when classes have `@PyroController`, and no application of this process provides any of them
 */
export function refuseUnprovided(): void {
  const { missing, isAnyProvided } = lookUp();
  if (isAnyProvided || missing.length === 0) return;
  throw new Error(
    `${describe(missing)}, so that nothing would be served: ${REMEDY}. Where a factory or a value gives the object, import PyroModule, too`,
  );
}

/**
 * Warns of decorated classes that no module provides: no server serves them. Each of them gives one warning. Called some time after
 * the start, because other applications of this process may provide the classes.
 *
 * @param warn gets the text of the warning
 */
export function warnOfUnprovided(warn: (text: string) => void): void {
  const news = lookUp().missing.filter((type) => !warnedOf.has(type));
  if (news.length === 0) return;
  for (const type of news) warnedOf.add(type);
  const it = news.length === 1 ? 'it' : 'them';
  warn(`${describe(news)} of this process, so that nobody serves ${it}: ${REMEDY}`);
}

function lookUp(): { missing: AnyClass[]; isAnyProvided: boolean } {
  const missing: AnyClass[] = [];
  let isAnyProvided = false;
  for (const reference of decorated) {
    const type = reference.deref();
    if (type === undefined) decorated.delete(reference);
    else if (provided.has(type)) isAnyProvided = true;
    else missing.push(type);
  }
  return { missing, isAnyProvided };
}

function describe(types: readonly AnyClass[]): string {
  const names = types.map(({ name }) => name).join(', ');
  return types.length === 1
    ? `${names} has @PyroController but is in no module`
    : `${names} have @PyroController but are in no module`;
}
