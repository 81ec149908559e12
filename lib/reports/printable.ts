import { thrownText } from '../protocol/texts/safe-text.js';

/** Longest text of a peer in a line of a log. */
const MAX_CHARS = 200;
/** Longest first line of a stack, and longest further line. */
const MAX_LINE_CHARS = 1_000;
const MAX_STACK_LINES = 100;

/**
 * Characters of a peer that a log must not have: control characters, line separators, halves of surrogate pairs, and characters without
 * width, which can turn the direction of a text.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text that a peer chose, or may have chosen, for a line of a log or of a warning: cut, and with unprintable characters escaped.
 *
 * Every text of a peer passes this function before it is printed: names of methods, ids of objects and annotations, handshake texts, texts
 * of errors, addresses and URIs.
 */
export function printable(text: string, maxChars = MAX_CHARS): string {
  const short = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
  return short.replace(UNPRINTABLE, escaped);
}

/**
 * A {@link printable} text that outlives the message of its peer. V8 makes a part of a text as a reference to the whole text, so a short
 * text could keep a message of many MiB.
 */
export function keptText(text: string, maxChars = MAX_CHARS): string {
  return Buffer.from(printable(text, maxChars)).toString();
}

/** The {@link printable} message of an error, or text of any other thrown value. */
export function printableMessage(thrown: unknown): string {
  return printable(thrownText(thrown), MAX_LINE_CHARS);
}

/**
 * The stack of an error, whose message may be a text of a peer, for a log. Each line after the first begins with a space, so that no line
 * looks like a line of the log.
 */
export function printableStack(error: Error): string {
  let stack: unknown;
  let head: string;
  try {
    ({ stack } = error);
    head = `${error.name}: ${error.message}`;
  } catch {
    return 'an error without a readable stack';
  }
  if (typeof stack !== 'string') return printable(head, MAX_LINE_CHARS);
  // lines of the message are no lines of the stack
  const isWhole = stack.startsWith(head);
  const [first = '', ...lines] = (isWhole ? stack.slice(head.length) : stack).split('\n', MAX_STACK_LINES);
  const texts = lines.map((line) => {
    const text = printable(line, MAX_LINE_CHARS);
    return text.startsWith(' ') ? text : `    ${text}`;
  });
  return [printable(isWhole ? head + first : first, MAX_LINE_CHARS), ...texts].join('\n');
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
}
