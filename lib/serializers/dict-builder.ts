import { SerializeError } from '../protocol/errors.js';
import type { ValueMode } from './serializer.js';

/**
 * The dict of what was read: a plain object when all its keys are strings, else a Map; in faithful mode always a Map.
 *
 * @throws {SerializeError} on a `__proto__` key in natural mode
 */
export function buildDict(
  keys: readonly unknown[],
  values: readonly unknown[],
  mode: ValueMode,
): Map<unknown, unknown> | Record<string, unknown> {
  if (mode === 'natural' && keys.every((key) => typeof key === 'string')) {
    const dict: Record<string, unknown> = {};
    for (const [i, key] of keys.entries()) {
      if (key === '__proto__')
        throw new SerializeError('a dict with the key "__proto__" is refused; values: \'faithful\' reads it as a Map');
      dict[key as string] = values[i];
    }
    return dict;
  }
  return new Map(keys.map((key, i) => [key, values[i]]));
}
