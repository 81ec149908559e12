import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import type { PyroConnection } from '../daemon/contract/connection.js';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import { principalText } from '../daemon/inspection/principal-text.js';
import { printable } from '../reports/printable.js';

/** Most objects that a log line lists. */
const MAX_OBJECTS = 20;

/**
 * The objects of a daemon, for the line that a server logs at its start: as URIs if the daemon listens, else as ids.
 *
 * @param typeOf gives the name of the class of an object with a random id
 */
export function servedObjects(daemon: BaseDaemon, typeOf: (objectId: string) => string | undefined): string {
  const ids = ownIds(daemon);
  if (ids.length === 0) return 'no objects yet';
  const text = (id: string): string => {
    const type = typeOf(id);
    const where = daemon.isReachable ? String(daemon.uriFor(id)) : id;
    return type === undefined ? where : `${where} (${type})`;
  };
  return `${ids.length} ${ids.length === 1 ? 'object' : 'objects'}: ${listed(ids, text)}`;
}

/** The ids of a daemon, for the log line of a client that asked for an unknown object. */
export function knownObjects(daemon: BaseDaemon): string {
  const ids = ownIds(daemon);
  return ids.length === 0 ? 'there are no objects' : `there are ${listed(ids)}`;
}

function ownIds({ objectIds }: BaseDaemon): string[] {
  return objectIds.filter((id) => id !== DAEMON_OBJECT_ID);
}

function listed(ids: readonly string[], text = (id: string): string => id): string {
  const shown = ids
    .slice(0, MAX_OBJECTS)
    .map((id) => printable(text(id)))
    .join(', ');
  return ids.length > MAX_OBJECTS ? `${shown} and ${ids.length - MAX_OBJECTS} more` : shown;
}

/** The field of the principal; none when there is no principal. */
export function principalField({ principal, principalKey }: PrincipalOfCall): { principal?: string } {
  const text = principalText({ principal, ...(principalKey !== undefined && { principalKey }) });
  return text === undefined ? {} : { principal: text };
}

interface PrincipalOfCall {
  readonly principal?: unknown;
  readonly principalKey?: string | undefined;
}

/** A duration as log lines show it: in ms, to the µs. */
export function roundedMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

/** The fields of a client. */
export function peerFields({ remoteAddress, id }: PyroConnection): { peer: string; connection: number } {
  return { peer: printable(remoteAddress), connection: id };
}
