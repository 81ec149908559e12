const MAX_CHARS = 1_000;

/**
 * The text of any value, at most 1,000 characters: the message of an error, else what `String` makes of the value.
 *
 * It never throws, although code of the value that it calls (`toString`, getters) may throw.
 */
export function safeText(value: unknown): string {
  try {
    const text = value instanceof Error ? value.message : String(value);
    return typeof text === 'string' ? text.slice(0, MAX_CHARS) : 'without a text';
  } catch {
    return 'without a text';
  }
}

/** The value of an option for an error message. A string is shown as a text, since a number in quotes is a common mistake. */
export function optionText(value: unknown): string {
  return typeof value === 'string' ? `the text ${JSON.stringify(value.slice(0, MAX_CHARS))}` : safeText(value);
}

/** A thrown value as an error: itself when it is an error, else a new error with its text. */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // `instanceof` throws for a revoked Proxy
  }
  return new Error(safeText(thrown));
}
