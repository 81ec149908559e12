import { AsyncLocalStorage } from 'node:async_hooks';
import { PyroError } from '../protocol/errors.js';

/** The call that this code runs for. Calls to other objects take the correlation id of the current call. */
export interface CurrentCall {
  /** UUID in its usual text form. */
  readonly correlationId: string;
  /** The request message of the call. The calls of a batch have one request. */
  readonly request?: object;
}

/** A correlation id that was given with {@link withCorrelationId}. */
class GivenCorrelationId implements CurrentCall {
  constructor(
    readonly correlationId: string,
    /** The current call outside of `withCorrelationId`. */
    readonly within: CurrentCall | undefined,
  ) {}
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const storage = new AsyncLocalStorage<CurrentCall>();

/** Runs `body` with `call` as the current call, also after awaits in `body`. */
export function runInCall<T>(call: CurrentCall, body: () => T): T {
  return storage.run(call, body);
}

/** The call that this code runs for; undefined outside of a call. */
export function currentCall(): CurrentCall | undefined {
  const stored = storage.getStore();
  return stored instanceof GivenCorrelationId ? stored.within : stored;
}

/** True when both calls belong to one request message. */
export function isSameRequest(one: CurrentCall | undefined, other: CurrentCall | undefined): boolean {
  return one === other || (one?.request !== undefined && one.request === other?.request);
}

/**
 * Runs `body`. All calls to Pyro objects that `body` makes, also after awaits, carry this correlation id. Without this function they
 * carry the id of the current call, or a new id each.
 *
 * @param correlationId a UUID, e.g. of `randomUUID()`
 * @throws {PyroError} when the text is no UUID
 * @see Pyro5/callcontext.py, `current_context.correlation_id`
 */
export function withCorrelationId<T>(correlationId: string, body: () => T): T {
  if (!UUID.test(correlationId)) throw new PyroError(`correlation id ${JSON.stringify(correlationId)} is no UUID`);
  return storage.run(new GivenCorrelationId(correlationId, currentCall()), body);
}

/** The correlation id for calls that this code makes; undefined: each call gets a new id. */
export function outgoingCorrelationId(): string | undefined {
  return storage.getStore()?.correlationId;
}
