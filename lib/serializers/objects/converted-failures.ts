import { sharedSymbol } from '../../copies/process-wide.js';
import { type Dict, isDict, memberOf } from '../contract/plain-object.js';
import { TRACEBACK } from './remote-traceback.js';

/** The exception of a peer of which the converter of an application made an error. */
interface ConvertedFailure {
  /** Dotted Python class. */
  readonly pythonType: string;
  /** Member `_pyroTraceback` as it came. Many exceptions may share one long list, so it is not copied. */
  readonly lines: unknown;
}

/** A hidden property of the error. It costs less than a place in a WeakMap when a message has many exceptions. */
const CONVERTED = sharedSymbol('converted-failure');

/**
 * Notes of which exception an error was made: the class of the application need not keep the name and the traceback.
 *
 * @param dict the class dict that the converter got
 */
export function noteConverted(error: Error, pythonType: string, dict: Dict): void {
  const attributes = memberOf(dict, 'attributes');
  const isRecord = typeof attributes === 'object' && attributes !== null && isDict(attributes);
  const failure: ConvertedFailure = { pythonType, lines: isRecord ? memberOf(attributes, TRACEBACK) : undefined };
  // false for a frozen error. A converter may give the same error again and again: the last exception counts
  Reflect.defineProperty(error, CONVERTED, { value: failure, configurable: true });
}

/** The dotted Python class of the exception of which a converter made an error; undefined for other values. */
export function convertedType(value: unknown): string | undefined {
  return failureOf(value)?.pythonType;
}

/** The traceback of the exception of which a converter made an error, as Python prints its lines; empty when there is none. */
export function convertedTraceback(error: Error): readonly string[] {
  const lines = failureOf(error)?.lines;
  if (typeof lines === 'string') return [lines];
  return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string') : [];
}

function failureOf(value: unknown): ConvertedFailure | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Record<symbol, ConvertedFailure | undefined>)[CONVERTED];
}
