import { asError } from '../protocol/safe-text.js';
import { printable, printableMessage, printableStack } from './printable.js';

/** Longest text of a warning. */
const MAX_CHARS = 2_000;

/** Emits a warning of the process. Texts of peers in it are made printable. @param code of the warning */
export function warn(text: string, code?: string): void {
  const shown = printable(text, MAX_CHARS);
  if (code === undefined) process.emitWarning(shown);
  else process.emitWarning(shown, { code });
}

/** Emits an error that nobody else reports as a warning of the process, with its texts made printable. The error itself is its `cause`. */
export function warnOfError(thrown: unknown): void {
  const error = asError(thrown);
  const copy = new Error(printableMessage(error), { cause: error });
  // Node prints the name and the stack
  Object.defineProperty(copy, 'name', { value: printable(error.name), configurable: true });
  copy.stack = printableStack(error);
  process.emitWarning(copy);
}
