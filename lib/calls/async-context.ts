import { AsyncResource } from 'node:async_hooks';

/**
 * Switches the tracking of resources off. By default Node registers each resource with the garbage collector, to tell async hooks of its
 * end.
 */
const UNTRACKED = { requireManualDestroy: true };

/** Runs a function in the async context in which it was captured. */
export type RunInContext = <T>(body: () => T) => T;

/**
 * Runs `body` in a new async context.
 *
 * `body` sees the stores of the code that calls this function. A store that `body` enters (`AsyncLocalStorage.enterWith`) holds for
 * everything that `body` starts, and is not seen outside. `AsyncLocalStorage.run` cannot do this: it isolates only its own store, not the stores of the application.
 */
export function runIsolated<T>(body: () => T): T;
export function runIsolated<A, T>(body: (argument: A) => T, argument: A): T;
export function runIsolated<A, T>(body: (argument?: A) => T, argument?: A): T {
  return new AsyncResource('PyroCall', UNTRACKED).runInAsyncScope(body, undefined, argument);
}

/** Captures the stores of the running code, for code that runs later on its behalf: the items of a stream, for example. */
export function captureContext(): RunInContext {
  const resource = new AsyncResource('PyroContext', UNTRACKED);
  return (body) => resource.runInAsyncScope(body);
}
