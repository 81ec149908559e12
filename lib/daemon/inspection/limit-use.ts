import type { DaemonServices } from '../request/daemon-services.js';
import type { LimitSnapshot } from '../contract/snapshot.js';
import type { RemoteAddress } from '../connection/remote-addresses.js';
import type { LimitName } from '../limits/limit.js';
import { LIMITS } from '../limits/limits.js';
import type { Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
import { hostLookups } from '../../transport/sockets/host-lookups.js';

/** The part of a limit from which on its use is near the limit. */
const NEAR_LIMIT = 0.9;

/** The use of a limit. */
interface Use {
  used: number;
  /** The connection or address that uses most, if the limit is for each connection or address. */
  usedBy?: string | undefined;
}

/** The limits of a daemon, and how near each is. */
export function inspectLimits(services: DaemonServices, sessions: Sessions): LimitSnapshot[] {
  const uses = usesOf(services, sessions);
  const { counts } = services.limits;
  return (Object.keys(LIMITS) as LimitName[]).map((name) => {
    const value = services.options[name];
    const { used = null, usedBy = null } = uses[name] ?? {};
    const isNear = used !== null && value > 0 && used >= NEAR_LIMIT * value;
    return { name, value, unit: LIMITS[name].unit, used, isNear, usedBy, reached: counts[name] };
  });
}

function usesOf(
  { streams, memory, inflation, unsent, unserved, abandoned }: DaemonServices,
  sessions: Sessions,
): Partial<Record<LimitName, Use>> {
  const { slots, serving } = sessions;
  const now = performance.now();
  const addresses = [...slots.addresses.all()];
  const byAddress = (count: (address: RemoteAddress) => number): Use => most(addresses, count, ({ name }) => name);
  const byConnection = (count: (session: Session) => number): Use =>
    most(serving, count, ({ connection }) => String(connection.id));
  return {
    maxConnections: { used: slots.taken },
    maxAbandonedConnections: { used: abandoned.count },
    maxAbandonedConnectionsPerAddress: byAddress((address) => address.abandoned),
    maxConnectionsPerAddress: byAddress(({ connections }) => connections),
    maxHandshakesPerAddress: byAddress(({ handshakes }) => handshakes),
    maxFailedHandshakes: byAddress((address) => Math.ceil(address.failuresLeft(now))),
    maxStreams: { used: streams.used },
    maxStreamsPerAddress: byAddress((address) => address.streams),
    maxStreamsPerConnection: byConnection(({ connection }) => streams.ofConnection(connection)),
    maxPullsPerStream: most(
      streams.all(),
      ({ pulls }) => pulls,
      ({ reader }) => reader && String(reader.id),
    ),
    maxHostLookups: hostLookups().largest,
    maxLateCalls: byConnection(({ lateCalls }) => lateCalls),
    maxQueuedRequests: byConnection(({ requestsInProgress, lateCalls }) => requestsInProgress - lateCalls),
    maxInFlightValueBytes: { used: memory.heldBytes },
    maxInflatingBytes: { used: inflation.heldBytes },
    maxUnsentBytes: { used: unsent.total },
    maxUnservedBytes: { used: unserved.heldBytes },
  };
}

/** The item with the largest count. */
function most<T>(all: Iterable<T>, count: (one: T) => number, nameOf: (one: T) => string | undefined): Use {
  let used = 0;
  let usedBy: string | undefined;
  for (const one of all) {
    const uses = count(one);
    if (uses <= used) continue;
    used = uses;
    usedBy = nameOf(one);
  }
  return { used, usedBy };
}
