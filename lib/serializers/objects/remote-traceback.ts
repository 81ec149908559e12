import { printable } from '../../reports/printable.js';

/** Attribute of an exception that holds the lines of its traceback. */
export const TRACEBACK = '_pyroTraceback';
/** Begins the remote traceback in the stack of an error. */
export const REMOTE_TRACEBACK = '\nRemote traceback:\n';

/** Most lines of a traceback, longest line, and most characters in all, when it is printed or sent. */
export const MAX_TRACEBACK_LINES = 200;
export const MAX_TRACEBACK_LINE_CHARS = 2_000;
export const MAX_TRACEBACK_CHARS = 32 * 1024;

/** The memory that {@link showRemoteTraceback} takes, in bytes. */
export const SHOWN_TRACEBACK_COST = 800;

/**
 * Adds the remote traceback to the stack, which is what logs and uncaught errors show: texts of the peer in it are printable.
 *
 * The text is made when `stack` is read. A peer may send many exceptions that nobody prints, and that share one long traceback.
 */
export function showRemoteTraceback(error: Error & { readonly remoteTraceback: readonly string[] }): void {
  const { remoteTraceback } = error;
  if (remoteTraceback.length === 0) return;
  // without calls in it, V8's own stack is the text of the error, and would hold a copy of its message
  const own = Error.stackTraceLimit === 0 ? undefined : error.stack;
  Object.defineProperty(error, 'stack', {
    configurable: true,
    enumerable: false,
    get(): string {
      const stack = `${own ?? String(error)}${REMOTE_TRACEBACK}${printedLines(remoteTraceback).join('\n')}\n`;
      setStack(error, stack);
      return stack;
    },
    set(this: object, stack: unknown) {
      setStack(this, stack);
    },
  });
}

/** Makes `stack` the property that V8 makes. A frozen error stays as it is. */
function setStack(error: object, stack: unknown): void {
  Reflect.defineProperty(error, 'stack', { value: stack, writable: true, enumerable: false, configurable: true });
}

/** The beginning of a traceback. Each line may be long, and hold several lines: a peer may have sent anything. */
export function beginningOfTraceback(traceback: readonly string[], maxLines: number, maxChars: number): string {
  const parts: string[] = [];
  let room = maxChars;
  for (const part of traceback.slice(0, maxLines)) {
    if (room <= 0) break;
    parts.push(part.slice(0, room));
    room -= part.length;
  }
  return parts.join('');
}

function printedLines(traceback: readonly string[]): string[] {
  const text = beginningOfTraceback(traceback, MAX_TRACEBACK_LINES, MAX_TRACEBACK_LINES * MAX_TRACEBACK_LINE_CHARS);
  const printed: string[] = [];
  let room = MAX_TRACEBACK_CHARS;
  for (const line of text.replace(/\n$/, '').split('\n', MAX_TRACEBACK_LINES)) {
    if (room <= 0) return [...printed, '…'];
    const shown = printable(line, Math.min(MAX_TRACEBACK_LINE_CHARS, room));
    printed.push(shown);
    room -= shown.length;
  }
  return printed;
}
