import { DaemonError } from '../../protocol/errors.js';
import { UNKNOWN_OBJECT } from '../../protocol/texts/refusal-texts.js';
import { refusal } from '../../protocol/refusals.js';

/** The refusal of a call to an object that is not served, or no longer. */
export function unknownObject(): DaemonError {
  return refusal(new DaemonError(UNKNOWN_OBJECT));
}
