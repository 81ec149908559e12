import { PyroError, SerializeError } from '../protocol/errors.js';
import type { SerializedCall } from './serializer.js';

/**
 * A call as serpent, marshal and msgpack hold it: (object id, method, args, kwargs).
 *
 * @throws {SerializeError} when the value has another shape
 */
export function callOf(value: unknown): SerializedCall {
  if (!Array.isArray(value) || value.length !== 4) throw badCall('a tuple of four');
  const [objectId, method, args, kwargs] = value as unknown[];
  return { objectId: text(objectId, 'object id'), method: text(method, 'method'), args: argsOf(args), kwargs: kwargsOf(kwargs) };
}

export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw badCall(`a string as ${what}`);
  return value;
}

/** Positional arguments; a list or a tuple. */
export function argsOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw badCall('a tuple or list as args');
  return Array.from(value as unknown[]);
}

/** Keyword arguments; None is none. */
export function kwargsOf(value: unknown): Record<string, unknown> {
  if (value === null) return {};
  if (!(value instanceof Map)) {
    if (typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) throw badCall('a dict as kwargs');
    return value as Record<string, unknown>;
  }
  const kwargs: Record<string, unknown> = {};
  for (const [name, argument] of value as Map<unknown, unknown>) {
    if (typeof name !== 'string' || name === '__proto__') throw badCall('names as the keys of kwargs');
    kwargs[name] = argument;
  }
  return kwargs;
}

/** Runs `work`; whatever it throws leaves as a Pyro error. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PyroError) throw error;
    throw new SerializeError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function badCall(expected: string): SerializeError {
  return new SerializeError(`a call is (object id, method, args, kwargs): expected ${expected}`);
}
