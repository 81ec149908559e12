import type { InspectedServer, InspectorState } from '../contract/contract.js';

/** A point of the charts. Null: not known. */
export interface Point {
  /** Calls for each second. */
  rate: number | null;
  failureRate: number | null;
  /** Mean duration of the calls that ended. */
  latencyMs: number | null;
}

/** Points that are kept: some minutes. */
const MAX_POINTS = 240;

interface Counts {
  calls: number | null;
  failures: number | null;
  ended: number;
  totalMs: number;
}

/** Keeps the calls of the last minutes for each server and each object, from the differences of snapshots. */
export class CallHistory {
  private readonly points = new Map<string, Point[]>();
  private readonly last = new Map<string, Counts>();
  private lastAt: number | undefined;

  add({ at, servers }: InspectorState): void {
    const now = Date.parse(at);
    const seconds = this.lastAt === undefined ? undefined : (now - this.lastAt) / 1_000;
    this.lastAt = now;
    const seen = new Set<string>();
    const note = (key: string, counts: Counts, pingMs: number | null): void => {
      seen.add(key);
      this.note(key, counts, seconds, pingMs);
    };
    for (const server of servers) {
      note(server.id, totalsOf(server), server.pingMs);
      for (const { objectId, calls, failures } of server.objects) {
        const { calls: ended = 0, totalMs = 0 } = server.durations?.[objectId] ?? {};
        note(keyOf(server.id, objectId), { calls, failures, ended, totalMs }, null);
      }
    }
    for (const key of this.last.keys()) {
      if (seen.has(key)) continue;
      this.last.delete(key);
      this.points.delete(key);
    }
  }

  /** The points of a server, or of one of its objects, the oldest first. */
  of(server: string, objectId?: string): readonly Point[] {
    return this.points.get(objectId === undefined ? server : keyOf(server, objectId)) ?? [];
  }

  private note(key: string, counts: Counts, seconds: number | undefined, pingMs: number | null): void {
    const before = this.last.get(key);
    this.last.set(key, counts);
    if (before === undefined || seconds === undefined || seconds <= 0) return;
    const points = this.points.get(key) ?? [];
    this.points.set(key, points);
    const perSecond = (now: number | null, then: number | null): number | null =>
      now === null || then === null ? null : Math.max(0, now - then) / seconds;
    const ended = counts.ended - before.ended;
    // smaller than before: the server forgot the durations of the object, and began anew
    const totalMs = counts.totalMs - before.totalMs;
    points.push({
      rate: perSecond(counts.calls, before.calls),
      failureRate: perSecond(counts.failures, before.failures),
      latencyMs: pingMs ?? (ended > 0 && totalMs >= 0 ? totalMs / ended : null),
    });
    if (points.length > MAX_POINTS) points.shift();
  }
}

function keyOf(server: string, objectId: string): string {
  return JSON.stringify([server, objectId]);
}

function totalsOf({ snapshot, totalDurations }: InspectedServer): Counts {
  return {
    calls: snapshot?.totals.calls ?? null,
    failures: snapshot?.totals.failedCalls ?? null,
    ended: totalDurations?.calls ?? 0,
    totalMs: totalDurations?.totalMs ?? 0,
  };
}
