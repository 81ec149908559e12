import { types } from 'node:util';
import { recogniseInstances } from '../../copies/process-wide.js';
import { type CorrelationIdSource, GivenId } from '../../calls/correlation-id.js';
import { type Annotations, NO_ANNOTATIONS } from '../../protocol/messages/annotations.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID } from '../../protocol/constants.js';
import { isLiteralObject, objectOfClassText } from '../../protocol/literal-object.js';
import { optionText } from '../../protocol/texts/safe-text.js';
import { objectOf } from '../../serializers/contract/plain-object.js';
import type { SerializedCall } from '../../serializers/contract/serializer.js';
import type { ClientConnection } from '../connection/client-connection.js';

/** A call of a proxy. */
export interface OutgoingCall extends Omit<SerializedCall, 'objectId'> {
  /** Undefined: the proxy's own object. */
  readonly objectId?: string;
  /** FLAGS.batch, or 0. */
  readonly flags: number;
  /** Before the call: the connection that it must use, if that is still open. After the call: the connection that it used. */
  connection?: ClientConnection;
  /** Tells the server of the trace that the call belongs to. */
  trace?: OutgoingTrace;
  /** The promise that the program has of the call. */
  outcome?: Promise<unknown>;
}

/** The trace of a call. */
export interface OutgoingTrace {
  readonly annotations: Annotations;
  /** Gives the correlation id of the call. Undefined: the call has the id of other calls that are made here. */
  readonly correlationId: CorrelationIdSource | undefined;
}

declare const checked: unique symbol;

/**
 * The keyword arguments of a call of Python. {@link kwargs} makes them; a stand-in of a remote object reads `values`.
 *
 * @typeParam V the members that the compiler knows. In the interface of a remote object: the keywords that a method takes
 * @typeParam N the names of these members
 */
export class KeywordArguments<out V = unknown, out N extends PropertyKey = unknown extends V ? PropertyKey : keyof V> {
  /** Only a type, never a member: the compiler refuses values of other types, and names that the method does not take. */
  declare readonly [checked]: readonly [V, N];

  static {
    recogniseInstances(this, 'KeywordArguments');
  }

  /** The values by the names of Python's parameters. */
  readonly values: Readonly<Record<string, unknown>>;

  /** @throws {TypeError} when there are no names in `values`: a text, a list, a promise */
  constructor(values: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>) {
    this.values = namedValues(values);
  }
}

function namedValues(values: unknown): Readonly<Record<string, unknown>> {
  const refuse = (what: string): never => {
    throw new TypeError(
      `kwargs(…) got ${what}; it takes an object or a Map with the names of the arguments: kwargs({ binning: 2 })`,
    );
  };
  if (types.isMap(values)) {
    for (const name of values.keys()) if (typeof name !== 'string') refuse(`a Map with the key ${optionText(name)}`);
    return objectOf(values as ReadonlyMap<string, unknown>);
  }
  if (typeof values !== 'object' || values === null || Symbol.iterator in values) return refuse(optionText(values));
  // as a promise, a Date and a proxy are
  const isEmpty = !isLiteralObject(values) && Object.keys(values).length === 0;
  if (isEmpty) return refuse(`${objectOfClassText(values)} without members`);
  return values as Readonly<Record<string, unknown>>;
}

/**
 * Makes Python's keyword arguments of a Map. The compiler does not check its names and values.
 *
 * @param values texts as keys. Members that are undefined are left out
 * @throws {TypeError} when `values` is something else
 */
export function kwargs(values: ReadonlyMap<string, unknown>): KeywordArguments<never, never>;
/**
 * Makes Python's keyword arguments, for the last argument of a remote call: `camera.expose(0.5, kwargs({ binning: 2 }))`.
 *
 * The compiler checks them where the interface of the remote object tells the keywords.
 *
 * @param values an object. Members that are undefined are left out
 * @throws {TypeError} when `values` is something else
 */
export function kwargs<V extends object>(values: V): KeywordArguments<V, keyof V>;
export function kwargs(values: Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>): KeywordArguments {
  return new KeywordArguments(values);
}

/**
 * Makes a call of the proxy's own object.
 *
 * @param given positional arguments, then keyword arguments if there are some; the call keeps the array
 * @throws {TypeError} when keyword arguments are not the last argument
 */
export function methodCall(method: string, given: unknown[]): OutgoingCall {
  const split = splitArguments(given);
  return {
    objectId: undefined,
    method,
    args: split.args,
    kwargs: split.kwargs,
    flags: 0,
    connection: undefined,
    trace: undefined,
    outcome: undefined,
  };
}

/** Makes the call by which a daemon shows that it answers. */
export function pingCall(): OutgoingCall {
  return { objectId: DAEMON_OBJECT_ID, method: DAEMON_METHODS.ping, args: [], kwargs: {}, flags: 0 };
}

/** The trace of the requests of a stream: they belong to the call that opened the stream, whoever reads the items. */
export function traceOfStream({ trace }: OutgoingCall, { correlationId }: { correlationId: Buffer }): OutgoingTrace {
  // a copy, since the stream may outlive the block of the id
  return { annotations: trace?.annotations ?? NO_ANNOTATIONS, correlationId: new GivenId(Buffer.from(correlationId)) };
}

/**
 * Splits the arguments of a call into positional and keyword arguments.
 *
 * @param given the positional arguments are this array, if there are no keyword arguments
 * @throws {TypeError} when keyword arguments are not the last argument
 */
export function splitArguments(given: unknown[]): Pick<SerializedCall, 'args' | 'kwargs'> {
  const at = given.findIndex(isKeywords);
  if (at < 0) return { args: given, kwargs: {} };
  if (at < given.length - 1) throw new TypeError('kwargs(…) must be the last argument of a call');
  return { args: given.slice(0, at), kwargs: { ...(given[at] as KeywordArguments).values } };
}

function isKeywords(value: unknown): value is KeywordArguments {
  return typeof value === 'object' && value instanceof KeywordArguments;
}
