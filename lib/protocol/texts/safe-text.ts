import { beginningOf, peerText, quotedText } from './peer-text.js';

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
  if (typeof value === 'string') return `the text ${quotedText(value, MAX_CHARS)}`;
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
  return peerText(text, MAX_CHARS - 1);
}

function itemText(item: unknown): string {
  return typeof item === 'string' ? quotedText(item, MAX_CHARS) : optionText(item);
}

/** The most items of a thrown list whose texts are shown. */
const MAX_ITEMS = 20;

/** The text of an object that has none of its own: `[object Map]`. */
const NO_TEXT = /^(?:\[object [^]*\]|)$/;

/**
 * The message of a thrown value, at most 1,000 characters. An object that is no error may have a text `message`; a list has the messages of
 * its items. An object that has no text of its own gives `unknown error`. This function never throws.
 */
export function thrownText(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return safeText(thrown);
  try {
    if (Array.isArray(thrown) && thrown.length > 0)
      return beginningOf(thrown.slice(0, MAX_ITEMS).map(objectText).join(', '), MAX_CHARS);
  } catch {
    // a revoked Proxy
  }
  return objectText(thrown);
}

function objectText(value: unknown): string {
  const message = memberOf(value, 'message');
  if (typeof message === 'string' && message !== '') return beginningOf(message, MAX_CHARS);
  const text = safeText(value);
  return typeof value === 'object' && NO_TEXT.test(text) && !isError(value) ? 'unknown error' : text;
}

/** A member of any value; undefined when code of the value throws. */
function memberOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    // `instanceof` throws for a revoked Proxy
    return false;
  }
}

/** A thrown value as an error: itself when it is an error, else a new error with its {@link thrownText}, and with its `code` if it has one. */
export function asError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  const error = new Error(thrownText(thrown));
  const code = typeof thrown === 'object' ? memberOf(thrown, 'code') : undefined;
  return code === undefined ? error : Object.assign(error, { code });
}
