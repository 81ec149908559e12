import type { AuthorizeRequest } from '../daemon/contract/authorization.js';
import type { ObjectGuard } from '../daemon/contract/daemon.js';
import type { DaemonSnapshot, InspectOptions } from '../daemon/contract/snapshot.js';
import type { PyroTarget } from '../daemon/contract/target.js';
import { expose } from '../daemon/object/expose.js';
import { ExposedObject } from '../daemon/object/exposed-object.js';
import { anyOf, FUNCTION, objectRule, type OptionRule, SWITCH, TEXT, wholeNumber } from '../options/option-checks.js';
import { INSPECTOR_OBJECT_ID } from '../protocol/constants.js';
import { SecurityError } from '../protocol/errors.js';
import { isLoopbackLocation } from '../protocol/location.js';

/** The clients that may read the state of a daemon. */
export interface InspectorAccess {
  /** Decides about each connection: throws to refuse it. */
  guard: ObjectGuard;
}

/** Takes the option `inspector` of a daemon. */
export const INSPECTOR_ACCESS: OptionRule = anyOf(SWITCH, objectRule<InspectorAccess>('{ guard }', { guard: FUNCTION }));

const MOST_LISTED = 1_000;
const DEFAULT_LISTED = 200;
const LISTED = wholeNumber();

interface Inspectable {
  inspect(options: InspectOptions): DaemonSnapshot;
}

/** The object `Pyro.Inspector`: the state of its daemon, for `nestjs-pyro watch` and `nestjs-pyro inspect`. */
class InspectorObject {
  constructor(private readonly daemon: Inspectable) {}

  /**
   * Takes a snapshot.
   *
   * @param maxListed most objects, most connections, most streams and most names in the snapshot
   * @param filter objects that are listed first: their id, class, names or members have all words of this text, of which 1,000
   *   characters and 20 words are read. Names as well
   * @param objectId this object is listed first, and its names
   */
  inspect(maxListed = DEFAULT_LISTED, filter = '', objectId = ''): DaemonSnapshot {
    const listed = LISTED.fits(maxListed) ? maxListed : DEFAULT_LISTED;
    const first = { filter: textOf(filter), objectId: textOf(objectId) };
    return this.daemon.inspect({ maxListed: Math.min(listed, MOST_LISTED), first });
  }
}

expose(InspectorObject);

function textOf(given: unknown): string {
  return TEXT.fits(given) ? (given as string) : '';
}

/** The target of the object `Pyro.Inspector`. Without a guard only clients on this machine may use it. */
export function inspectorTarget(daemon: Inspectable, access: true | InspectorAccess): PyroTarget {
  return ExposedObject.of(new InspectorObject(daemon), { authorize: access === true ? refuseRemoteClients : access.guard });
}

function refuseRemoteClients({ connection: { remoteAddress } }: AuthorizeRequest): void {
  if (!isLoopbackLocation(remoteAddress))
    throw new SecurityError(
      `${INSPECTOR_OBJECT_ID} is for clients on the same machine: give the option inspector guards to let others use it`,
    );
}
