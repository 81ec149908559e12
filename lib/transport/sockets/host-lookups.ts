import { lookup as dnsLookup } from 'node:dns/promises';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FairQueue } from '../../calls/fair-queue.js';
import { orAborted } from '../../calls/or-aborted.js';
import { processWide } from '../../copies/process-wide.js';
import { CommunicationError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { peerText } from '../../protocol/texts/peer-text.js';
import type { HostChooser } from './host-choosers.js';
import { hostFault } from './host-name.js';
import { lookupOf } from './socket-lookup.js';

/** Most names that wait to be looked up for all peers with a limit. */
const MOST_WAITING = 1_000;
/** A lookup that takes so long is slow. The outcome of a faster one is not used again: after a failure, the next attempt may succeed. */
const SLOW_MS = 1_000;
/** How long the outcome of a slow lookup is used again, a failure too. */
const KEPT_MS = 5_000;
/** Most outcomes that are kept; over this number the oldest is dropped. */
const MOST_KEPT = 1_000;

/** Looks a name up, as `lookup` of `node:dns/promises` with `all`. It may throw. */
export type NameLookUp = (host: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>;

/** A host name that a chooser wants to know: it waits for its turn, or is looked up. */
interface WantedHost {
  readonly chooser: string;
  /** The same for the same lookup. */
  readonly key: string;
  readonly host: string;
  readonly hints: number;
  /** True for a name that counts for `maxHostLookups` of its chooser. */
  readonly isLimited: boolean;
  readonly outcome: Promise<LookupAddress[]>;
  readonly settle: (outcome: Promise<LookupAddress[]>) => void;
  /** The number of those who wait for the outcome. */
  waiters: number;
}

/** The lookups that one chooser waits for. */
interface WantedHosts {
  readonly byKey: Map<string, WantedHost>;
  /** The number of those with a limit. */
  limited: number;
}

/** The outcome of a lookup that runs, or that was slow. */
interface KeptOutcome {
  readonly outcome: Promise<LookupAddress[]>;
  /** In milliseconds of `performance.now()`. */
  readonly until: number;
}

/**
 * Looks up the host names that peers chose, for all daemons and proxies of the process.
 *
 * A lookup takes a thread of libuv until the resolver of the system answers, which may take half a minute, and nothing can stop it. libuv
 * gives lookups half of its four threads. So one of these lookups runs at a time, and the program's own lookups always have a thread.
 * The peers take turns. The next lookup begins in a later turn of the event loop. A name that nobody waits for any more is not looked up.
 */
export class HostLookups {
  private readonly choosers = new Map<string, WantedHosts>();
  private readonly queue = new FairQueue<string, WantedHost>();
  /** Outcomes of lookups that run, or that were slow and ended a moment ago, by the keys of names. */
  private readonly kept = new Map<string, KeptOutcome>();
  private running = 0;
  /** Names of all choosers that have a limit and wait. */
  private waitingWithLimit = 0;

  /** @param mostRunning lookups that run at the same time */
  constructor(
    private readonly lookUpName: NameLookUp = dnsLookup,
    private readonly mostRunning = spareThreads(process.env['UV_THREADPOOL_SIZE']),
  ) {}

  /** The chooser with the most names that have a limit, and their number. */
  get largest(): { used: number; usedBy: string | undefined } {
    let largest: { used: number; usedBy: string | undefined } = { used: 0, usedBy: undefined };
    for (const [usedBy, { limited: used }] of this.choosers) if (used > largest.used) largest = { used, usedBy };
    return largest;
  }

  /**
   * Finds the addresses of a host, IPv4 addresses first. IP addresses and `localhost` are not looked up.
   *
   * @throws {CommunicationError} over `maxHostLookups`, and for a host that is too long
   * @throws the error of the lookup; the reason of `signal` when the signal is aborted
   */
  async lookUp(host: string, chooser: HostChooser, signal?: AbortSignal, hints = 0): Promise<LookupAddress[]> {
    const fault = hostFault(host);
    if (fault !== undefined) throw new CommunicationError(`cannot look up ${peerText(host)}: ${fault}`, { sent: false });
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    if (host.toLowerCase() === 'localhost') return LOCALHOST;
    signal?.throwIfAborted();
    const key = `${hints} ${host.toLowerCase()}`;
    const kept = this.keptOutcome(key);
    return kept === undefined ? this.wait(this.wanted({ key, host, hints }, chooser), signal) : orAborted(kept, signal);
  }

  /** Looks hosts up for a socket that connects to a host which somebody else chose. */
  forSocket(chooser: HostChooser, signal?: AbortSignal): LookupFunction {
    return (host, options, callback) => {
      this.lookUp(host, chooser, signal, options.hints).then(
        (addresses) => lookupOf(addresses)(host, options, callback),
        (error: Error) => callback(error, ''),
      );
    };
  }

  private keptOutcome(key: string): Promise<LookupAddress[]> | undefined {
    const kept = this.kept.get(key);
    if (kept === undefined || kept.until > performance.now()) return kept?.outcome;
    this.kept.delete(key);
    return undefined;
  }

  /** The name as the chooser wants it already, or a new one. @throws {CommunicationError} over a limit */
  private wanted(lookup: Pick<WantedHost, 'key' | 'host' | 'hints'>, { name: chooser, maxHostLookups }: HostChooser): WantedHost {
    const hosts = this.choosers.get(chooser) ?? { byKey: new Map(), limited: 0 };
    const known = hosts.byKey.get(lookup.key);
    if (known !== undefined) return known;
    if (maxHostLookups !== undefined) this.checkRoom(chooser, hosts.limited, maxHostLookups);
    const wanted = newWantedHost({ ...lookup, chooser, isLimited: maxHostLookups !== undefined });
    hosts.byKey.set(lookup.key, wanted);
    this.choosers.set(chooser, hosts);
    this.queue.add(chooser, wanted);
    if (wanted.isLimited) {
      hosts.limited++;
      this.waitingWithLimit++;
    }
    this.beginNext();
    return wanted;
  }

  private checkRoom(chooser: string, used: number, maxHostLookups: number): void {
    if (used < maxHostLookups && this.waitingWithLimit < MOST_WAITING) return;
    const full =
      used >= maxHostLookups
        ? `too many host names of ${peerText(chooser)} wait to be looked up (maxHostLookups is ${maxHostLookups})`
        : `${MOST_WAITING} host names of all peers wait to be looked up, a fixed limit`;
    const text = `${full}; give an IP address in the URI, or try again later`;
    throw overLimit('maxHostLookups', new CommunicationError(text, { sent: false }));
  }

  private async wait(wanted: WantedHost, signal: AbortSignal | undefined): Promise<LookupAddress[]> {
    wanted.waiters++;
    try {
      return await orAborted(wanted.outcome, signal);
    } finally {
      wanted.waiters--;
      if (wanted.waiters === 0 && this.queue.delete(wanted.chooser, wanted)) {
        if (wanted.isLimited) this.waitingWithLimit--;
        this.forget(wanted);
      }
    }
  }

  private forget({ chooser, key, isLimited }: WantedHost): void {
    const hosts = this.choosers.get(chooser)!;
    hosts.byKey.delete(key);
    if (isLimited) hosts.limited--;
    if (hosts.byKey.size === 0) this.choosers.delete(chooser);
  }

  /** Looks the next names up: one of each chooser in turn. */
  private beginNext(): void {
    while (this.running < this.mostRunning) {
      const wanted = this.queue.take();
      if (wanted === undefined) return;
      if (wanted.isLimited) this.waitingWithLimit--;
      void this.run(wanted);
    }
  }

  private async run(wanted: WantedHost): Promise<void> {
    const known = this.keptOutcome(wanted.key);
    if (known === undefined) this.running++;
    const outcome = known ?? this.begin(wanted);
    wanted.settle(outcome);
    await outcome.catch(() => undefined);
    this.forget(wanted);
    if (known === undefined) {
      // the lookup may have failed at once, and so may the next ones
      await nextTurn();
      this.running--;
    }
    // those who have come while the lookup ran are served first
    this.queue.moveToEnd(wanted.chooser);
    this.beginNext();
  }

  /** Looks a name up. Others who want the name meanwhile get the same outcome. */
  private begin({ key, host, hints }: WantedHost): Promise<LookupAddress[]> {
    const begun = performance.now();
    const outcome = (async () => this.lookUpName(host, { all: true, order: 'ipv4first', hints }))();
    this.keep(key, { outcome, until: Infinity });
    const end = (): void => {
      const now = performance.now();
      if (now - begun >= SLOW_MS) this.keep(key, { outcome, until: now + KEPT_MS });
      else this.kept.delete(key);
    };
    outcome.then(end, end);
    return outcome;
  }

  private keep(key: string, kept: KeptOutcome): void {
    this.kept.delete(key);
    this.kept.set(key, kept);
    if (this.kept.size <= MOST_KEPT) return;
    for (const [oldest, { until }] of this.kept) if (until !== Infinity) return void this.kept.delete(oldest);
  }
}

/** As RFC 6761 says. */
const LOCALHOST: LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** The lookups that all copies of this package share. */
export function hostLookups(): HostLookups {
  return processWide('host-lookups', () => new HostLookups());
}

/**
 * libuv gives lookups half of its threads, rounded up. One of them is left to the program.
 *
 * @param given `UV_THREADPOOL_SIZE`
 */
function spareThreads(given: string | undefined): number {
  const threads = given === undefined ? 4 : Math.min(1_024, Math.max(1, Number.parseInt(given, 10) || 1));
  return Math.max(1, Math.ceil(threads / 2) - 1);
}

function newWantedHost(given: Pick<WantedHost, 'chooser' | 'key' | 'host' | 'hints' | 'isLimited'>): WantedHost {
  let settle: WantedHost['settle'] | undefined;
  const outcome = new Promise<LookupAddress[]>((resolve) => (settle = resolve));
  // nobody may wait for it any more
  outcome.catch(() => undefined);
  return { ...given, outcome, settle: settle!, waiters: 0 };
}
