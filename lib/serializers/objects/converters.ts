import { types } from 'node:util';
import { configError } from '../../options/option-checks.js';
import { isThenable } from '../../calls/thenable.js';
import { shortText } from '../../protocol/short-text.js';
import { reportRejection } from '../../reports/unawaited.js';
import type { ClassConverter } from '../contract/class-registry.js';
import { withoutStackTrace } from './exceptions.js';

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
 * @param hasStack whether an error that it makes gets a stack, which takes most of the time. An error that it throws always has one: without
 *   `hasStack` it tells who called the converter
 * @throws {PyroError} `CONFIG` when it gives a promise
 */
export function objectBy(converter: ClassConverter, dict: Record<string, unknown>, hasStack = true): unknown {
  const { name } = converter;
  const make = (): unknown => converter.fromDict!(dict, name);
  const made = hasStack ? make() : withStackOfThrown(make);
  refusePromise(made, 'fromDict', name);
  return made;
}

function withStackOfThrown(make: () => unknown): unknown {
  try {
    return withoutStackTrace(make);
  } catch (error) {
    if (types.isNativeError(error) && !hasFrames(error) && Object.isExtensible(error))
      Error.captureStackTrace(error, withStackOfThrown);
    throw error;
  }
}

function hasFrames({ stack }: Error): boolean {
  return typeof stack === 'string' && stack.includes('\n    at ');
}

function refusePromise(result: unknown, converter: string, name: string): void {
  if (!isThenable(result)) return;
  // unhandled, its rejection would end the process
  reportRejection(result, () => undefined);
  throw configError(`${converter} of ${name} gives a promise, for which nothing can wait; it must give its result at once`);
}
