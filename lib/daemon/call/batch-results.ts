import { PyroError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';

/**
 * The results of a batch, kept until the last entry has run. Their bytes are counted as they come: a small request must not make the daemon
 * hold more than a reply may have.
 */
export class BatchResults {
  readonly all: unknown[] = [];
  private bytes = 0;

  /** @param isKept false for a oneway batch: nobody gets its results */
  constructor(
    private readonly maxMessageBytes: number,
    private readonly maxDepth: number,
    private readonly isKept: boolean,
  ) {}

  /** @throws {PyroError} when the results together are larger than a reply may be; the result is not kept then */
  add(result: unknown): void {
    if (!this.isKept) return;
    const room = this.maxMessageBytes - this.bytes;
    const bytes = leastBytes(result, room, this.maxDepth);
    if (bytes > room) {
      const text = `the results of the batch are over maxMessageBytes (${this.maxMessageBytes}) from entry ${this.all.length + 1} on; ask for less in one batch`;
      throw overLimit('maxMessageBytes', new PyroError(text));
    }
    this.bytes += bytes;
    this.all.push(result);
  }

  /** Adds the error of the entry that ended the batch. */
  addError(error: unknown): void {
    this.all.push(error);
  }
}

/**
 * The least number of bytes that a value takes in a message, in every serializer. Counts no further than `most`.
 *
 * A value that is too deep counts as little: it cannot be sent anyway.
 */
function leastBytes(value: unknown, most: number, depth: number): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || depth === 0) return 1;
  if (ArrayBuffer.isView(value)) return 'length' in value ? (value as Uint8Array).length : value.byteLength;
  let bytes = 1;
  const count = (member: unknown): boolean => (bytes += leastBytes(member, most - bytes, depth - 1)) > most;
  if (Array.isArray(value) || value instanceof Set) {
    for (const item of value as Iterable<unknown>) if (count(item)) break;
  } else if (value instanceof Map) {
    for (const [key, item] of value as Map<unknown, unknown>) if (count(key) || count(item)) break;
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) if (count(key) || count(item)) break;
  }
  return bytes;
}
