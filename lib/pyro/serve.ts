import { PyroDaemon } from './pyro-daemon.js';
import { type ObjectsToServe, type ServeOptions, ServedObjects } from './served-objects.js';

/**
 * Serves objects, in one line:
 *
 * ```ts
 * await serve({ 'lab.lamp': new Lamp(), 'lab.camera': Camera }, { port: 9999, nameServer: true });
 * ```
 *
 * It ends on SIGINT and SIGTERM, after the running calls; then the process does, if nothing else keeps it.
 *
 * @param objects objects and classes by name, or names by object. The names are object ids, or, with `nameServer`, what the
 *   objects are registered as; their ids are random then, as in Pyro5
 * @returns resolves when they are served; `closed` of it when they no longer are
 * @throws {PyroError} when an option is wrong, the address cannot be used, or an object cannot be registered
 * @see Pyro5/server.py, `serve`
 */
export function serve(objects: ObjectsToServe, options: ServeOptions = {}): Promise<ServedObjects> {
  return ServedObjects.start((daemonOptions) => new PyroDaemon(daemonOptions), objects, options);
}
