import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';

/** Why a call is not sent while the daemon is asked whether it keeps the connection. */
export function unanswered(location: string): ConnectionClosedError {
  const text = `after an error, ${location} was asked whether it keeps the connection, and has not answered`;
  return new ConnectionClosedError(text, { sent: false });
}

/** Sets `sent` for a failed repeat: the repeat may not have been sent, but the call before it was, and may have been run. */
export function afterRepeats(error: unknown): unknown {
  if (!(error instanceof CommunicationError) || error.sent) return error;
  const message = `the call was sent, its connection broke, and it could not be repeated: ${error.message}`;
  return new ConnectionClosedError(message, { cause: error, sent: true });
}
