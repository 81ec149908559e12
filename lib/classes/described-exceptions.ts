import type { Spend } from '../arrays/memory.js';
import { DESCRIBES_EXCEPTION, type PythonExceptionParts } from '../protocol/python-exception.js';
import { sharedSymbol } from '../copies/process-wide.js';
import { objectOf } from '../serializers/contract/plain-object.js';
import { type PyroRemoteError, receivedParts, withoutStackTrace } from '../serializers/objects/exceptions.js';
import { shortTexts } from '../protocol/short-text.js';
import type { ClassDescription } from './class-description.js';
import type { ValueType } from './fields/field-types.js';
import { readTyped, writeTyped } from './fields/field-values.js';

/** A received exception of a registered class: an instance of that class, and a {@link PyroRemoteError}, too. */
type ReceivedException = Error & Pick<PyroRemoteError, 'pythonType' | 'args' | 'attributes' | 'remoteTraceback'>;

/** Members that every Error has as texts. */
const TEXTS: readonly string[] = ['message', 'name', 'stack'];

/** Lets errors of a class, and of classes that extend it, travel as a Python exception: with args, and the fields as attributes. */
export function describeExceptions(description: ClassDescription): void {
  Object.defineProperty(description.type.prototype, DESCRIBES_EXCEPTION, {
    configurable: true,
    value(this: Error): PythonExceptionParts {
      const { args, attributes } = this as Error & Partial<ReceivedException>;
      const all = objectOf(isRecord(attributes) ? Object.entries(attributes) : []);
      for (const { name, type } of description.fields) {
        const value = (this as unknown as Record<string, unknown>)[name];
        if (value !== undefined) all[name] = writeTyped(type, value);
      }
      return { pythonType: description.name, args: Array.isArray(args) ? (args as unknown[]) : [this.message], attributes: all };
    },
  });
}

/**
 * Makes an error of a registered class from a received exception. No constructor runs.
 *
 * A field that is missing, or does not fit its type, is no reason to refuse: an exception says that a call failed.
 *
 * @throws {UnreadableError} when the dict is no exception
 */
export function receivedException(description: ClassDescription, dict: Record<string, unknown>, spend: Spend): Error {
  const parts = receivedParts(description.name, dict['args'], dict['attributes'], spend);
  const { args, attributes } = parts;
  const text = args.length === 1 && typeof args[0] === 'string' ? args[0] : shortTexts(args);
  if (text !== args[0]) spend(text.length);
  const error = withoutStackTrace(() => new Error(text));
  Object.setPrototypeOf(error, description.type.prototype as object);
  for (const [name, value] of Object.entries({ pythonType: description.name, ...parts })) hide(error, name, value);
  for (const { name, type } of description.fields) {
    if (!Object.hasOwn(attributes, name)) continue;
    const value = lenient(type, attributes[name], spend);
    if (TEXTS.includes(name) && typeof value !== 'string') continue;
    // a class may have an accessor of this name
    Object.defineProperty(error, name, { value, writable: true, configurable: true, enumerable: !TEXTS.includes(name) });
  }
  if (!('code' in error)) hide(error, 'code', 'REMOTE');
  // so that `instanceof` recognises the error, like errors of another copy of this package
  for (const name of ['PyroError', 'PyroRemoteError']) hide(error, sharedSymbol(name), true);
  return error;
}

function lenient(type: ValueType, value: unknown, spend: Spend): unknown {
  try {
    return readTyped(type, value, '', spend);
  } catch {
    return value;
  }
}

function hide(error: Error, name: string | symbol, value: unknown): void {
  Object.defineProperty(error, name, { value, writable: true, configurable: true });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
