import { processWide } from '../../copies/process-wide.js';
import type { AnyClass } from '../../objects/decorated-member.js';

/** Every class of this process that has `@PyroController`. Held weakly, because tests make and drop many. */
const decorated = processWide('decorated-classes', () => new Set<WeakRef<AnyClass>>());
/** Classes that a module of some application of this process provides. */
const provided = processWide('provided-classes', () => new WeakSet<object>());
/** Classes that a warning named already. */
const warnedOf = processWide('warned-classes', () => new WeakSet<object>());

/** Notes a class with `@PyroController`. */
export function noteDecorated(type: AnyClass): void {
  decorated.add(new WeakRef(type));
}

/** Notes that a module provides the class, and with it the decorated classes that it extends. */
export function noteProvided(type: AnyClass): void {
  for (let each: unknown = type; typeof each === 'function'; each = Object.getPrototypeOf(each)) provided.add(each);
}

/**
 * Looks for decorated classes that no module provides: no server serves them. They may belong to an application that is made
 * later, so each of them gives one warning, and only an application that serves nothing at all is refused.
 *
 * @param servesNothing true when the starting application has no decorated class
 * @param warn gets the text of the warning
 * @throws {Error} when no application of this process provides any of the decorated classes
 */
export function checkProvided(servesNothing: boolean, warn: (text: string) => void): void {
  const missing: AnyClass[] = [];
  let isAnyProvided = false;
  for (const reference of decorated) {
    const type = reference.deref();
    if (type === undefined) decorated.delete(reference);
    else if (provided.has(type)) isAnyProvided = true;
    else missing.push(type);
  }
  if (servesNothing && !isAnyProvided && missing.length > 0)
    throw new Error(
      `${describe(missing)}, so that nothing would be served: list such a class among the providers (or controllers) of one`,
    );
  const news = missing.filter((type) => !warnedOf.has(type));
  if (news.length === 0) return;
  for (const type of news) warnedOf.add(type);
  warn(
    `${describe(news)} of this application, so that nobody serves it: ` +
      'list such a class among the providers (or controllers) of one, unless another application of this process does',
  );
}

function describe(types: readonly AnyClass[]): string {
  const names = types.map(({ name }) => name).join(', ');
  return types.length === 1
    ? `${names} has @PyroController but is in no module`
    : `${names} have @PyroController but are in no module`;
}
