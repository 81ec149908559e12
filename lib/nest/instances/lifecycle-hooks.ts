import { isRemoteObject } from '../../client/proxy/remote-proxy.js';
import { instanceText } from '../../objects/disposal.js';
import type { PyroConnection } from '../../daemon/contract/connection.js';
import type { OnFailure } from '../errors/failures.js';

/** A lifecycle hook: a connection begins to use the object. */
export interface OnPyroConnect {
  /**
   * Called once for each connection, before the first call to the object. If the handshake names the object, this is during the handshake;
   * else at the first call to the object. The promise of the hook is awaited. An error of the hook refuses the connection, or fails the
   * call; the next call tries again.
   *
   * Session objects: the hook begins the session, with the instance of the session. Single objects: the hook runs for every
   * connection. Percall objects: never called. Request-scoped providers of a session may have the hook, too; it is called on
   * dependencies before their users.
   */
  onPyroConnect(connection: PyroConnection): unknown;
}

/** A lifecycle hook: a connection that used the object has ended. */
export interface OnPyroDisconnect {
  /**
   * Session objects: called at the end of the connection. Single objects: called for each connection that called the object or
   * passed its `onPyroConnect`. Percall objects: never called. The promise of the hook is awaited before the instance is disposed.
   */
  onPyroDisconnect(connection: PyroConnection): unknown;
}

/** A lifecycle hook: periodic work of the object. */
export interface OnPyroHousekeeping {
  /**
   * Called every `housekeepingIntervalMs` (2 s) while the server listens, on single objects, and on the instance of each session
   * until its connection ends; never on percall objects. A run that takes longer than the interval delays the next run. On a
   * single object of several servers, the server that listens first runs the hook. The instance is disposed after the run has ended.
   */
  onPyroHousekeeping(): unknown;
}

type Hooks = Partial<OnPyroConnect & OnPyroDisconnect & OnPyroHousekeeping>;

/** The hooks of an instance. A remote object has none: it would call every name on its own server. */
function hooksOf(instance: object | undefined): Hooks {
  return instance === undefined || isRemoteObject(instance) ? {} : instance;
}

/** Calls `onPyroConnect` of the instances that have it, one after the other. @throws the first error */
export async function tellConnect(instances: readonly object[], connection: PyroConnection): Promise<void> {
  for (const instance of instances) await hooksOf(instance).onPyroConnect?.(connection);
}

/** Runs a clean-up, and waits for it for a limited time. Its error is reported. @param what the clean-up, for reports */
export type RunCleanUp = (what: string, cleanUp: () => unknown) => Promise<void>;

/** Calls `onPyroDisconnect` of the instances that have it, one after the other. */
export async function tellDisconnect(
  instances: readonly object[],
  connection: PyroConnection,
  cleanUp: RunCleanUp,
): Promise<void> {
  for (const instance of instances)
    if (hasHook(instance, 'onPyroDisconnect'))
      await cleanUp(`onPyroDisconnect of ${instanceText(instance)}`, () => hooksOf(instance).onPyroDisconnect!(connection));
}

/** Calls `onPyroHousekeeping`. An error goes to `onFailure`. */
export async function tellHousekeeping(instance: object, onFailure: OnFailure): Promise<void> {
  try {
    await hooksOf(instance).onPyroHousekeeping?.();
  } catch (error) {
    onFailure(`onPyroHousekeeping of ${instanceText(instance)}`, error);
  }
}

/** True when an instance wants to be told of connections. */
export function hasConnectionHook(instance: object | undefined): boolean {
  return hasHook(instance, 'onPyroConnect') || hasHook(instance, 'onPyroDisconnect');
}

export function hasHook(instance: object | undefined, hook: keyof Hooks): boolean {
  return typeof hooksOf(instance)[hook] === 'function';
}
