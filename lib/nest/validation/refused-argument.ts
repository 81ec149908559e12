import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { memberPath } from '../../serializers/values/call-place.js';
import { PyroException } from '../errors/pyro.exception.js';

/** The ValueError that a client gets for an argument that cannot be read. It names the argument. Other errors stay as they are. */
export function refusedArgument(error: unknown, label: string): unknown {
  if (!(error instanceof UnreadableError)) return error;
  return new PyroException('builtins.ValueError', [`${label}${memberPath(error.steps)}: ${error.reason}`], { cause: error });
}
