import { PyroDaemon } from './pyro-daemon.js';
import { type ObjectsToServe, type ServeOptions, ServedObjects } from './served-objects.js';

/**
 * Serves objects with one call:
 *
 * ```ts
 * await serve({ 'lab.lamp': new Lamp(), 'lab.camera': Camera }, { port: 9999, nameServer: true });
 * ```
 *
 * SIGINT and SIGTERM end serving, after the running calls. Then the process exits, if nothing else keeps it alive.
 *
 * @param objects objects and classes by name, or names by object. Without `nameServer` the names are object ids. With `nameServer`
 *   they are the registered names, and the object ids are random, as in Pyro5
 * @returns resolves when the objects are served; its `closed` resolves when they no longer are
 * @throws {PyroError} when an option is wrong, the address cannot be used, or an object cannot be registered
 * @see Pyro5/server.py, `serve`
 */
export function serve(objects: ObjectsToServe, options: ServeOptions = {}): Promise<ServedObjects> {
  return ServedObjects.start((daemonOptions) => new PyroDaemon(daemonOptions), objects, options);
}
