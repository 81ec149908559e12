import type { PyroConnection } from '../context/pyro-context.js';

/** Told when a connection begins to use the object. */
export interface OnPyroConnect {
  /**
   * Once for each connection, before its first call: at the handshake that names the object, or before the first call
   * over a connection that was let in for another one. Its promise is awaited. What it throws refuses the connection,
   * or fails the call; the next one tries again.
   *
   * Of a session object it begins the session: the instance is made for it. Of a single one it runs for every
   * connection, of a percall one never. Request-scoped providers of a session that have it are told before their users.
   */
  onPyroConnect(connection: PyroConnection): unknown;
}

/** Told when a connection has ended that used the object. */
export interface OnPyroDisconnect {
  /**
   * Of a session object at the end of its connection, of a single one for each connection that called it or was let in
   * by its `onPyroConnect`, of a percall one never. Its promise is awaited before the instance is disposed.
   */
  onPyroDisconnect(connection: PyroConnection): unknown;
}

/** Has periodic work. */
export interface OnPyroHousekeeping {
  /**
   * Every `housekeepingIntervalMs` (2 s) while the server listens: of a single object, and of each session's instance
   * until its connection ends; of a percall object never. A run that takes longer than the interval is not overlapped by
   * the next, and is awaited before the instance goes.
   */
  onPyroHousekeeping(): unknown;
}

type Hooks = Partial<OnPyroConnect & OnPyroDisconnect & OnPyroHousekeeping>;

/** Names of all hooks of this library. */
export const LIFECYCLE_HOOKS = ['onPyroConnect', 'onPyroDisconnect', 'onPyroHousekeeping'] as const satisfies (keyof Hooks)[];

/** Calls `onPyroConnect` of all that have it, one after the other. @throws what the first of them throws */
export async function tellConnect(instances: readonly object[], connection: PyroConnection): Promise<void> {
  for (const instance of instances) await (instance as Hooks).onPyroConnect?.(connection);
}

/** Is told what failed that nobody waits for, and why. */
export type OnFailure = (what: string, error: unknown) => void;

/** Calls `onPyroDisconnect` of all that have it. */
export async function tellDisconnect(
  instances: readonly object[],
  connection: PyroConnection,
  onFailure: OnFailure,
): Promise<void> {
  for (const instance of instances) {
    try {
      await (instance as Hooks).onPyroDisconnect?.(connection);
    } catch (error) {
      onFailure(`onPyroDisconnect of ${nameOf(instance)}`, error);
    }
  }
}

/** Calls `onPyroHousekeeping`. */
export async function tellHousekeeping(instance: object, onFailure: OnFailure): Promise<void> {
  try {
    await (instance as Hooks).onPyroHousekeeping?.();
  } catch (error) {
    onFailure(`onPyroHousekeeping of ${nameOf(instance)}`, error);
  }
}

/** Class of an instance, for people. */
export function nameOf(instance: object): string {
  return instance.constructor?.name || 'an object';
}

export function hasHook(instance: object | undefined, hook: keyof Hooks): boolean {
  return typeof (instance as Hooks | undefined)?.[hook] === 'function';
}
