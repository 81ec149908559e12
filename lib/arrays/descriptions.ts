import { SerializeError } from '../protocol/errors.js';
import { safeText } from '../protocol/texts/safe-text.js';
import { collisionsOf } from '../serpent/costs/hash-collisions.js';
import { loads } from '../serpent/index.js';
import type { ReadBudget } from '../serpent/costs/value-costs.js';
import type { Spend } from './memory.js';

/** Characters of a dtype in text, and of the names of its fields. NumPy's own limit on the header of an npy file is 10,000. */
export const MAX_DTYPE_CHARS = 16 * 1024;
/** Deepest nesting of structured dtypes. */
export const MAX_DTYPE_DEPTH = 32;
/** Limit of the memory of a description while it is read. */
const MAX_LITERAL_BYTES = 4 * 1024 * 1024;
/** The memory of a description while it is read, in bytes for each character: an estimate. The dearest characters take 75 ns of CPU. */
export const LITERAL_COST = 32;

/**
 * Reads the description of an array, which is a Python literal: a dtype, or the header of an npy file.
 *
 * @param spend of the read: a message has one limit on colliding keys
 */
export function literalIn(text: string, spend: Spend): unknown {
  const budget: ReadBudget = { spentBytes: 0, limitBytes: MAX_LITERAL_BYTES, collisions: collisionsOf(spend.budget ?? {}) };
  try {
    return loads(text, { maxDepth: 3 * MAX_DTYPE_DEPTH, budget });
  } catch (cause) {
    throw new SerializeError(`the description of an array is no Python literal: ${safeText(cause)}`, { cause });
  }
}
