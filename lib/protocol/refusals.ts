import { sharedSymbol } from '../copies/process-wide.js';
import { DaemonError, type PyroError } from './errors.js';
import { UNKNOWN_OBJECT } from './texts/refusal-texts.js';

/** True on an error by which a server refuses what a client asks for; false on an error of a call to another object. */
const IS_REFUSAL = sharedSymbol('is-refusal');

/**
 * Marks an error by which this library refuses what a client asks for: an unknown object, a request that cannot be read, a limit, a guard.
 * The client made the mistake, so the error is no bug of the called method.
 *
 * @returns the error
 */
export function refusal<T extends Error>(error: T): T {
  mark(error, true);
  return error;
}

/** The refusal of a call to an object that is not served, or no longer. */
export function unknownObject(): DaemonError {
  return refusal(new DaemonError(UNKNOWN_OBJECT));
}

/** Marks an error of a call that this program has made: it is no refusal, whatever its class. */
export function noteFailedCall(error: Error): void {
  mark(error, false);
}

/**
 * True for a refusal of this library, and for a SecurityError, by which a method or a guard refuses.
 *
 * Every other error of this library that a method throws comes from a call of the method, or from a wrong use of the library.
 */
export function isRefusal(error: PyroError): boolean {
  const marked = (error as unknown as Record<symbol, boolean | undefined>)[IS_REFUSAL];
  return marked ?? error.code === 'SECURITY';
}

function mark(error: Error, value: boolean): void {
  // false for a frozen error, which a converter of the application may have thrown
  Reflect.defineProperty(error, IS_REFUSAL, { value, configurable: true });
}
