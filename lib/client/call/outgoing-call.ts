import { recogniseInstances } from '../../copies/process-wide.js';
import type { SerializedCall } from '../../serializers/contract/serializer.js';
import type { ClientConnection } from '../connection/client-connection.js';

/** A call of a proxy. */
export interface OutgoingCall extends Omit<SerializedCall, 'objectId'> {
  /** Undefined: the proxy's own object. */
  objectId?: string;
  /** FLAGS.batch, or 0. */
  flags: number;
  /** Before the call: the connection that it must use, if that is still open. After the call: the connection that it used. */
  connection?: ClientConnection;
}

/** Python's keyword arguments; made by {@link kwargs}. */
export class KeywordArguments {
  static {
    recogniseInstances(this, 'KeywordArguments');
  }

  constructor(readonly values: Readonly<Record<string, unknown>>) {}
}

/**
 * Makes Python's keyword arguments, for the last argument of a remote call: `camera.expose(0.5, kwargs({ binning: 2 }))`.
 *
 * Members that are undefined are left out.
 */
export function kwargs(values: Readonly<Record<string, unknown>>): KeywordArguments {
  return new KeywordArguments(values);
}

/**
 * Makes a call of the proxy's own object.
 *
 * @param given positional arguments, then keyword arguments if there are some
 * @throws {TypeError} when keyword arguments are not the last argument
 */
export function methodCall(method: string, given: readonly unknown[]): OutgoingCall {
  return { method, ...splitArguments(given), flags: 0 };
}

/**
 * Splits the arguments of a call into positional and keyword arguments.
 *
 * @throws {TypeError} when keyword arguments are not the last argument
 */
export function splitArguments(given: readonly unknown[]): Pick<SerializedCall, 'args' | 'kwargs'> {
  const last = given.at(-1);
  const args = last instanceof KeywordArguments ? given.slice(0, -1) : [...given];
  if (args.some((value) => value instanceof KeywordArguments))
    throw new TypeError('kwargs(…) must be the last argument of a call');
  return { args, kwargs: last instanceof KeywordArguments ? { ...last.values } : {} };
}
