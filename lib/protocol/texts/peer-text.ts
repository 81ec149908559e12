/** Longest text of a peer in the message of an error. */
const MAX_CHARS = 200;

/**
 * A text that a peer chose, for the message of an error: a key, a name of a method, an argument, a class. The text is cut, since the error
 * is sent to clients: a short request could ask for an answer of any size, if its parts share one long text.
 */
export function peerText(text: string, maxChars = MAX_CHARS): string {
  return text.length > maxChars ? `${beginningOf(text, maxChars)}…` : text;
}

/** The same, in quotes and with escapes, so that its ends and its control characters show. */
export function quotedText(text: string, maxChars = MAX_CHARS): string {
  return JSON.stringify(peerText(text, maxChars));
}

/** The beginning of a text, without half of a surrogate pair at its end: Python cannot print such a half, nor write it as UTF-8. */
export function beginningOf(text: string, maxChars: number): string {
  const begin = text.slice(0, maxChars);
  return /[\ud800-\udbff]$/.test(begin) ? begin.slice(0, -1) : begin;
}
