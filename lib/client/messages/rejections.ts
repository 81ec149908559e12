import { PyroRemoteError } from '../../serializers/objects/exceptions.js';
import { UNKNOWN_OBJECT } from '../../protocol/texts/refusal-texts.js';

/** The reasons of daemons that have rejected a connection, by the errors. */
const reasons = new WeakMap<object, string>();

/** Notes why a daemon has rejected a connection. @returns the error */
export function noteRejection<E extends Error>(error: E, reason: string | undefined): E {
  if (reason !== undefined) reasons.set(error, reason);
  return error;
}

/** The reason of a daemon that has rejected a connection, as the daemon says it. Undefined for every other error. */
export function rejectionReason(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? reasons.get(error) : undefined;
}

/** True when a daemon does not have the object: told in the handshake, or as the answer to a call. */
export function isUnknownObject(error: unknown): boolean {
  if (!(error instanceof PyroRemoteError)) return rejectionReason(error) === UNKNOWN_OBJECT;
  return error.pythonType === 'Pyro5.errors.DaemonError' && error.args.length === 1 && error.args[0] === UNKNOWN_OBJECT;
}
