import { processWide, recogniseInstances } from '../copies/process-wide.js';
import { AsyncLocalStorage } from 'node:async_hooks';
import { PyroError } from '../protocol/errors.js';

/** What calls made inside a call take from it. */
export interface CurrentCall {
  /** UUID in its usual text form. */
  readonly correlationId: string;
  /** The message it came with; a batch has many calls in one. */
  readonly request?: object;
}

/** A correlation id of our own, around calls that we make. */
class GivenCorrelationId implements CurrentCall {
  static {
    recogniseInstances(this, 'GivenCorrelationId');
  }

  constructor(
    readonly correlationId: string,
    /** The call that is served meanwhile. */
    readonly within: CurrentCall | undefined,
  ) {}
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const storage = processWide('current-call', () => new AsyncLocalStorage<CurrentCall>());

/** Runs `body` with `call` as the current one, also behind its awaits. */
export function runInCall<T>(call: CurrentCall, body: () => T): T {
  return storage.run(call, body);
}

/** The call that this code runs for; undefined outside of one. */
export function currentCall(): CurrentCall | undefined {
  const stored = storage.getStore();
  return stored instanceof GivenCorrelationId ? stored.within : stored;
}

/** True when both are served for one message. */
export function isSameRequest(one: CurrentCall | undefined, other: CurrentCall | undefined): boolean {
  return one === other || (one?.request !== undefined && one.request === other?.request);
}

/**
 * Runs `body`; the calls it makes to Pyro objects, also behind its awaits, carry this correlation id. Without it they carry that
 * of the call they are made in, or each a new one.
 *
 * @param correlationId a UUID, e.g. of `randomUUID()`
 * @throws {PyroError} when it is none
 * @see Pyro5/callcontext.py, `current_context.correlation_id`
 */
export function withCorrelationId<T>(correlationId: string, body: () => T): T {
  if (!UUID.test(correlationId)) throw new PyroError(`correlation id ${JSON.stringify(correlationId)} is no UUID`);
  return storage.run(new GivenCorrelationId(correlationId, currentCall()), body);
}

/** What calls made here carry; undefined: each a new one. */
export function outgoingCorrelationId(): string | undefined {
  return storage.getStore()?.correlationId;
}
