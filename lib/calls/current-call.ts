import { processWide } from '../copies/process-wide.js';
import { AsyncLocalStorage } from 'node:async_hooks';
import { PyroError } from '../protocol/errors.js';
import { optionText } from '../protocol/texts/safe-text.js';
import { isThenable } from './thenable.js';

/** The served call, as far as calls that are made inside of it need it. */
export interface CurrentCall {
  /** UUID in its usual text form. */
  readonly correlationId: string;
  /** The request of the call. The calls of a batch share one request. */
  readonly request?: object;
}

/** A correlation id that the application chose for its own calls. */
class GivenCorrelationId implements CurrentCall {
  constructor(
    readonly correlationId: string,
    /** The call that is being served. */
    readonly servedCall: CurrentCall | undefined,
  ) {}

  /** Marks an id, as opposed to a call, for every copy of this package. */
  readonly isGiven = true;
}

/** A hook that a connection runs outside of a call, such as a handshake guard. The calls that the hook makes get new correlation ids. */
class ConnectionHook {
  readonly isGiven = true;
  readonly correlationId: string | undefined = undefined;
  readonly servedCall: CurrentCall | undefined = undefined;

  /** @param connection undefined once the hook has ended: what it has started may run on */
  constructor(public connection: object | undefined) {}
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const storage = processWide('current-call', () => new AsyncLocalStorage<CurrentCall | ConnectionHook>());

/**
 * Makes Node follow the async context of promises from now on.
 *
 * Node 20 and 22 begin to follow promises only when a process enters its first store. If a handshake guard entered the first store, the
 * store would stay on the connection.
 */
export function followPromises(): void {
  // a value must be stored: to store the current one, undefined, does nothing
  storage.run({ correlationId: '' }, () => undefined);
}

/** Makes `call` the current call of the running async context, which must be the call's own (see `runIsolated`). */
export function enterCall(call: CurrentCall): void {
  storage.enterWith(call);
}

/** The call that this code runs for; undefined outside of a call. */
export function currentCall(): CurrentCall | undefined {
  const stored = storage.getStore();
  return stored !== undefined && 'isGiven' in stored ? (stored as GivenCorrelationId | ConnectionHook).servedCall : stored;
}

/** Runs a hook for a connection outside of a call. In a call, the hook belongs to the call. */
export function runForConnection<T>(connection: object, hook: () => T): T {
  if (currentCall() !== undefined) return hook();
  const running = new ConnectionHook(connection);
  const end = (): void => void (running.connection = undefined);
  let isAsync = false;
  try {
    const result = storage.run(running, hook);
    isAsync = isThenable(result);
    if (isAsync) void Promise.resolve(result).then(end, end);
    return result;
  } finally {
    if (!isAsync) end();
  }
}

/** The connection whose hook runs this code outside of a call. */
export function connectionOfHook(): object | undefined {
  const stored = storage.getStore();
  return stored instanceof ConnectionHook ? stored.connection : undefined;
}

/** True when both calls belong to one request. */
export function isSameRequest(one: CurrentCall | undefined, other: CurrentCall | undefined): boolean {
  return one === other || (one?.request !== undefined && one.request === other?.request);
}

/**
 * Runs `body`. The calls that `body` makes to Pyro objects, also after an `await`, carry this correlation id. Other calls carry the
 * id of the call that they are made in, or each a new id.
 *
 * @param correlationId a UUID, e.g. of `randomUUID()`
 * @throws {PyroError} when the id is no UUID
 * @see Pyro5/callcontext.py, `current_context.correlation_id`
 */
export function withCorrelationId<T>(correlationId: string, body: () => T): T {
  if (!UUID.test(correlationId)) throw new PyroError(`correlation id ${JSON.stringify(correlationId)} is no UUID`);
  if (typeof body !== 'function') throw new PyroError(`withCorrelationId takes a function, not ${optionText(body)}`);
  return storage.run(new GivenCorrelationId(correlationId, currentCall()), body);
}

/** The correlation id of calls that are made here; undefined: each call gets a new id. */
export function outgoingCorrelationId(): string | undefined {
  return storage.getStore()?.correlationId;
}
