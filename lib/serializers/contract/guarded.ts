import { SecurityError, SerializeError } from '../../protocol/errors.js';

/**
 * Runs `work`, which may call what users gave (converters, `toJSON`, getters).
 *
 * @throws {SerializeError} for whatever is thrown inside, as its cause; only a SecurityError leaves as it is
 */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SerializeError || error instanceof SecurityError) throw error;
    throw new SerializeError(messageOf(error), { cause: error });
  }
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'something was thrown that has no text';
  }
}
