const MAX_CHARS = 1_000;

/**
 * Whatever somebody threw or passed on, as a text of at most 1,000 characters: an error by its message, anything else
 * as `String` has it. Never throws, though what is asked for the text may.
 */
export function safeText(value: unknown): string {
  try {
    const text = value instanceof Error ? value.message : String(value);
    return typeof text === 'string' ? text.slice(0, MAX_CHARS) : 'without a text';
  } catch {
    return 'without a text';
  }
}

/** The same of an error with its name before it. */
export function safeErrorText(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${safeText(error)}` : safeText(error);
  } catch {
    return safeText(error);
  }
}

/** The value of an option for a message about it: of a number that came as text, from the environment say, this is what is wrong. */
export function optionText(value: unknown): string {
  return typeof value === 'string' ? `the text ${JSON.stringify(value.slice(0, MAX_CHARS))}` : safeText(value);
}

/** What was thrown, as an error; it need not be one, nor even be something that can be asked whether it is. */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // a revoked proxy
  }
  return new Error(safeText(thrown));
}
