import type { AnyClass } from '../../objects/decorated-member.js';

/** Every class that `@PyroController` decorated in this process. Held weakly: tests make and drop many. */
const decorated = new Set<WeakRef<AnyClass>>();
/** Those that some application of this process has in a module. */
const placed = new WeakSet<object>();
const told = new WeakSet<object>();

export function noteDecorated(type: AnyClass): void {
  decorated.add(new WeakRef(type));
}

/** Notes what a module has: the class, and the decorated ones it extends. */
export function notePlaced(type: AnyClass): void {
  for (let each: unknown = type; typeof each === 'function'; each = Object.getPrototypeOf(each)) placed.add(each);
}

/**
 * Looks for decorated classes that are in no module: nobody serves them, and nobody else would say so. They may belong
 * to an application that is made later, so that one that serves nothing at all is refused, and each other told once.
 *
 * @param servesNothing the application that starts has no decorated class
 * @param warn gets what may be meant
 * @throws {Error} when no application of this process has any of the decorated classes
 */
export function checkPlacement(servesNothing: boolean, warn: (text: string) => void): void {
  const unplaced: AnyClass[] = [];
  let isAnyPlaced = false;
  for (const reference of decorated) {
    const type = reference.deref();
    if (type === undefined) decorated.delete(reference);
    else if (placed.has(type)) isAnyPlaced = true;
    else unplaced.push(type);
  }
  if (servesNothing && !isAnyPlaced && unplaced.length > 0)
    throw new Error(
      `${describe(unplaced)}, so that nothing would be served: list such a class among the providers (or controllers) of one`,
    );
  const news = unplaced.filter((type) => !told.has(type));
  if (news.length === 0) return;
  for (const type of news) told.add(type);
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
