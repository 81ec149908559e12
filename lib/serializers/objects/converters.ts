import { configError } from '../../options/option-checks.js';
import { isThenable } from '../../protocol/thenable.js';
import { shortText } from '../../protocol/short-text.js';
import { reportRejection } from '../../reports/unawaited.js';
import type { ClassConverter } from '../contract/class-registry.js';

/**
 * The dict that the `toDict` of a converter gives, with the class.
 *
 * @throws {PyroError} `CONFIG` when it gives a promise, or no object
 */
export function dictBy(converter: ClassConverter, value: object): Record<string, unknown> {
  const { name } = converter;
  const members: unknown = converter.toDict!(value);
  refusePromise(members, 'toDict', name);
  if (
    typeof members !== 'object' ||
    members === null ||
    Array.isArray(members) ||
    members instanceof Map ||
    members instanceof Set
  )
    throw configError(`toDict of ${name} gives ${shortText(members)}; it must give an object of the members`);
  return { ...members, __class__: name };
}

/**
 * The object that the `fromDict` of a converter makes.
 *
 * @throws {PyroError} `CONFIG` when it gives a promise
 */
export function objectBy(converter: ClassConverter, dict: Record<string, unknown>): unknown {
  const { name } = converter;
  const made = converter.fromDict!(dict, name);
  refusePromise(made, 'fromDict', name);
  return made;
}

function refusePromise(result: unknown, converter: string, name: string): void {
  if (!isThenable(result)) return;
  // unhandled, its rejection would end the process
  reportRejection(result, () => undefined);
  throw configError(`${converter} of ${name} gives a promise, for which nothing can wait; it must give its result at once`);
}
