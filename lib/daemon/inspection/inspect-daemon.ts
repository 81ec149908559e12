import type { TLSSocket } from 'node:tls';
import { checkOptions, objectRule, type OptionRules, TEXT, wholeNumber } from '../../options/option-checks.js';
import { printable } from '../../reports/printable.js';
import type { DaemonServices } from '../request/daemon-services.js';
import type { ItemStream } from '../streams/item-stream.js';
import type {
  ConnectionSnapshot,
  DaemonSnapshot,
  DaemonState,
  InspectOptions,
  ListedFirst,
  NameSnapshot,
  ObjectSnapshot,
  StreamSnapshot,
} from '../contract/snapshot.js';
import type { PyroTarget } from '../contract/target.js';
import { guardedObject } from '../object/object-guards.js';
import { describeTarget } from '../object/target-description.js';
import type { Session } from '../session/session.js';
import type { Sessions } from '../session/sessions.js';
import { inspectLimits } from './limit-use.js';
import { listedNames, nameTotals } from './listed-names.js';
import { listedIds } from './listed-objects.js';
import { hasPrincipal, principalText } from './principal-text.js';

/** The parts of a daemon that a snapshot shows. */
export interface InspectedParts {
  readonly services: DaemonServices;
  readonly sessions: Sessions;
  readonly lifecycle: {
    readonly state: DaemonState;
    readonly location: string | undefined;
    /** `performance.now()` when the daemon began to listen. */
    readonly listeningSince: number | undefined;
  };
  readonly leases: {
    /** Number of leases, by the id of the leased object. */
    held(): ReadonlyMap<string, number>;
  };
  readonly nameSources: Iterable<() => NameSnapshot[]>;
}

type TargetIds = (target: PyroTarget) => readonly string[];

const RULES: OptionRules<InspectOptions> = {
  maxListed: wholeNumber(),
  first: objectRule<ListedFirst>('{ objectId, filter }', { objectId: TEXT, filter: TEXT }),
};
const DEFAULT_MAX_LISTED = 1_000;
/** Most principals of one connection. A client may use thousands of guarded objects, and a page reads a snapshot every second. */
const MAX_PRINCIPALS = 10;

/** Takes a snapshot of a daemon. Between snapshots, only a few integers of each connection and object are counted. */
export function inspectDaemon(parts: InspectedParts, options: InspectOptions): DaemonSnapshot {
  checkOptions(options, RULES, 'inspect: ');
  const { maxListed = DEFAULT_MAX_LISTED, first } = options;
  const { services, sessions, lifecycle, leases, nameSources } = parts;
  const { daemon, streams, reporter } = services;
  const now = performance.now();
  const serving = [...sessions.serving];
  const leased = leases.held();
  const idsOf = targetIds(services);
  const names = [...nameSources].flatMap((source) => source());
  const objectIds = listedIds(services, names, maxListed, first);
  return {
    at: new Date().toISOString(),
    state: lifecycle.state,
    location: lifecycle.location ?? null,
    natLocation: (lifecycle.location && daemon.natLocationStr) ?? null,
    uptimeMs: lifecycle.listeningSince === undefined ? 0 : Math.round(now - lifecycle.listeningSince),
    totals: {
      ...sessions.total(),
      connectionsOpen: serving.length,
      requestsInProgress: serving.reduce((sum, { requestsInProgress }) => sum + requestsInProgress, 0),
      streamsOpen: streams.size,
      streamsEnding: streams.ending,
      objects: services.objects.size,
      leases: [...leased.values()].reduce((sum, count) => sum + count, 0),
      ...nameTotals(names),
    },
    objects: objectIds.map((objectId) => inspectObject(services, objectId, leased.has(objectId))),
    connections: serving.slice(0, maxListed).map((session) => inspectConnection(services, session, idsOf, now)),
    streams: [...streams.all()].slice(0, maxListed).map((stream) => inspectStream(stream, now)),
    limits: inspectLimits(services, sessions),
    names: listedNames(names, objectIds, maxListed, first),
    failures: reporter.failures.list(),
  };
}

function inspectObject({ objects }: DaemonServices, objectId: string, isLeased: boolean): ObjectSnapshot {
  const { target, usage } = objects.entry(objectId);
  const isGuarded = guardedObject(target, objectId) !== undefined;
  return { objectId, ...describeTarget(target), isGuarded, isLeased, calls: usage.calls, failures: usage.failures };
}

function inspectConnection(services: DaemonServices, session: Session, idsOf: TargetIds, now: number): ConnectionSnapshot {
  const { connection, socket, slot } = session;
  const { id, remoteAddress, calls, failures } = connection;
  const { requestsInProgress, receivedBytes = null, sentBytes = null, unsentBytes } = session;
  const { principals, principalCount } = principalsOf(session, idsOf);
  return {
    id,
    remoteAddress: printable(remoteAddress),
    isTls: (socket as Partial<TLSSocket>).encrypted === true,
    principal: principalText(connection.authorizations.ofDaemon) ?? principals[0]?.principal ?? null,
    principals,
    principalCount,
    ageMs: Math.round(now - slot.acceptedAt),
    calls,
    failures,
    requestsInProgress,
    streams: services.streams.openedByConnection(connection),
    receivedBytes,
    sentBytes,
    unsentBytes,
  };
}

function principalsOf({ connection }: Session, idsOf: TargetIds): Pick<ConnectionSnapshot, 'principals' | 'principalCount'> {
  const principals: ConnectionSnapshot['principals'] = [];
  let principalCount = 0;
  for (const [target, authorization] of connection.authorizations.given()) {
    if (!hasPrincipal(authorization)) continue;
    const ids = idsOf(target);
    principalCount += ids.length;
    if (principals.length >= MAX_PRINCIPALS) continue;
    const principal = principalText(authorization)!;
    for (const objectId of ids.slice(0, MAX_PRINCIPALS - principals.length)) principals.push({ objectId, principal });
  }
  return { principals, principalCount };
}

/** Gives the ids of a target. The objects are looked through once for all connections, and only when a principal is asked for. */
function targetIds({ objects }: DaemonServices): TargetIds {
  let byTarget: Map<PyroTarget, string[]> | undefined;
  return (target) => {
    if (byTarget === undefined) {
      byTarget = new Map();
      for (const id of objects.ids()) byTarget.set(objects.known(id), [...(byTarget.get(objects.known(id)) ?? []), id]);
    }
    return byTarget.get(target) ?? [];
  };
}

function inspectStream({ call, reader, openedAt, items }: ItemStream, now: number): StreamSnapshot {
  const { objectId, method, connection } = call;
  return {
    objectId: printable(objectId),
    method: printable(method),
    openedBy: connection.id,
    readBy: reader?.id ?? null,
    ageMs: Math.round(now - openedAt),
    items,
  };
}
