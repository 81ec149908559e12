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

/** Members in which Node keeps the stores of an AsyncResource: until Node 22 one for each AsyncLocalStorage, later one for all. */
const STORES: ReadonlySet<string | undefined> = new Set(['kResourceStore', 'context_frame']);

/**
 * Makes a context without stores. The module may be loaded by a call, as `await import()` does. So the stores of the running code are taken
 * off; a Node that keeps them elsewhere leaves the context in which the module was loaded.
 */
function emptyContext(): AsyncResource {
  const resource = new AsyncResource('PyroConnection', UNTRACKED);
  const members = resource as unknown as Record<symbol, unknown>;
  for (const symbol of Object.getOwnPropertySymbols(members)) if (STORES.has(symbol.description)) members[symbol] = undefined;
  return resource;
}

const outside = emptyContext();

/**
 * Runs `body` in an async context without stores: for sockets and timers that outlive the call in which they are made.
 *
 * Node keeps the stores of the code that makes a socket or starts a timer for as long as the socket is open or the timer runs. The store of
 * a request often leads to the proxies of the request. With such a store on its socket, a dropped proxy would never be garbage-collected.
 *
 * Until Node 22, a store that `body` enters stays for all further bodies. So functions of the program run in {@link runIsolated} inside.
 */
export function outsideOfCalls<T>(body: () => T): T {
  return outside.runInAsyncScope(body);
}
