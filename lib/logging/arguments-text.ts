import { inspect } from 'node:util';
import type { ObservedCall } from '../daemon/contract/observer.js';
import { printable } from '../reports/printable.js';
import { LoggedValues, SHOWN_MEMBERS, SHOWN_STYLE } from './logged-values.js';

/** Longest text of the arguments of a call. */
const MAX_CHARS = 1_000;

/** The arguments of a call as a text of at most 1,000 characters. */
export function argumentsText({ args, kwargs }: Pick<ObservedCall, 'args' | 'kwargs'>): string {
  const values = new LoggedValues();
  try {
    const shown = args.slice(0, SHOWN_MEMBERS + 1).map((value) => values.shown(value));
    if (Object.keys(kwargs).length > 0) shown.push(values.shown(kwargs));
    return printable(inspect(shown, SHOWN_STYLE), MAX_CHARS);
  } catch {
    // a getter of an argument threw
    return 'arguments without a text';
  }
}
