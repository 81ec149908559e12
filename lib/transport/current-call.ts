import { AsyncLocalStorage } from 'node:async_hooks';

/** What calls made inside a call take from it. */
export interface CurrentCall {
  /** UUID in its usual text form. */
  readonly correlationId: string;
}

const storage = new AsyncLocalStorage<CurrentCall>();

/** Runs `body` with `call` as the current one, also behind its awaits. */
export function runInCall<T>(call: CurrentCall, body: () => T): T {
  return storage.run(call, body);
}

/** The call that this code runs for; undefined outside of one. */
export function currentCall(): CurrentCall | undefined {
  return storage.getStore();
}
