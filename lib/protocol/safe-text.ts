import { beginningOf } from './peer-text.js';

const MAX_CHARS = 1_000;

/**
 * The text of any value, at most 1,000 characters: the message of an error, else what `String` makes of the value.
 *
 * This function never throws, even when code of the value throws (`toString`, getters).
 */
export function safeText(value: unknown): string {
  try {
    const text = value instanceof Error ? value.message : beginOf(value, MAX_CHARS);
    return typeof text === 'string' ? beginningOf(text, MAX_CHARS) : 'without a text';
  } catch {
    return 'without a text';
  }
}

/** The text that `String` makes of a value. Of lists and bytes it has `chars` characters or little more: a peer may send long ones. */
function beginOf(value: unknown, chars: number): string {
  if (Array.isArray(value)) return beginOfList(value, chars);
  return value instanceof Uint8Array ? String(value.subarray(0, chars)) : String(value);
}

function beginOfList(items: readonly unknown[], chars: number): string {
  let text = '';
  for (let index = 0; index < items.length && text.length < chars; index++) {
    const item = items[index] ?? '';
    text += (index === 0 ? '' : ',') + beginOf(item, chars - text.length).slice(0, chars);
  }
  return text;
}

/** The value of an option for an error message. A string is shown as a text, since a number in quotes is a common mistake. */
export function optionText(value: unknown): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, MAX_CHARS))}`;
  if (typeof value === 'function') return 'a function';
  // the members of an object may be secrets
  if (typeof value !== 'object' || value === null) return safeText(value);
  if (!Array.isArray(value)) return 'an object';
  return value.length === 0 ? 'an empty list' : `the list [${itemTexts(value)}]`;
}

/** The texts of the first items, as many as are shown: a program may give a list that a peer has sent. */
function itemTexts(items: readonly unknown[]): string {
  let text = '';
  for (let index = 0; index < items.length && text.length < MAX_CHARS; index++) {
    text += (index === 0 ? '' : ', ') + itemText(items[index]);
  }
  return text.slice(0, MAX_CHARS);
}

function itemText(item: unknown): string {
  return typeof item === 'string' ? JSON.stringify(item.slice(0, MAX_CHARS)) : optionText(item);
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
