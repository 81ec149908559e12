import { asError } from '../protocol/texts/safe-text.js';
import { printable, printableMessage, printableStack } from './printable.js';
import { runUnawaited } from './unawaited.js';

/** Longest text of a warning. */
const MAX_CHARS = 2_000;

/**
 * Emits a warning of the process. Texts of peers in it are made printable.
 *
 * @param code of the warning
 * @param detail printable lines that Node prints below the text, a stack for example
 */
export function warn(text: string, code?: string, detail?: string): void {
  const shown = printable(text, MAX_CHARS);
  if (code === undefined) process.emitWarning(shown);
  else process.emitWarning(shown, { code, ...(detail !== undefined && { detail }) });
}

/**
 * Runs code of the application that nobody waits for: a callback, a listener. Its error, sync or async, is a warning of the process. Thrown
 * in a timer or a microtask, the error would end the process.
 */
export function warnIfItFails(work: () => unknown): void {
  runUnawaited(work, warnOfError);
}

/**
 * Emits an error that nobody else reports as a warning of the process, with its stack, and with its texts made printable. The error itself
 * is its `cause`.
 */
export function warnOfError(thrown: unknown): void {
  const error = asError(thrown);
  const copy = new Error(printableMessage(error), { cause: error });
  const stack = printableStack(error);
  const lines = stack.slice(stack.indexOf('\n') + 1);
  Object.defineProperty(copy, 'name', { value: printable(error.name), configurable: true });
  copy.stack = stack;
  // Node prints name, message and detail, and the stack only with --trace-warnings
  process.emitWarning(lines === stack ? copy : Object.assign(copy, { detail: lines }));
}
