import { lookup as dnsLookup } from 'node:dns/promises';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { orAborted } from '../../calls/or-aborted.js';
import { processWide } from '../../copies/process-wide.js';
import { CommunicationError } from '../../protocol/errors.js';
import { networkOf, socketAddressOf } from '../../protocol/location.js';
import { overLimit } from '../../protocol/over-limit.js';
import { peerText } from '../../protocol/texts/peer-text.js';

/** Most names that wait to be looked up for all peers with a limit. */
const MOST_WAITING = 1_000;
/** How long the outcome of a slow lookup is used again. A failure that came fast is not: the next attempt may succeed. */
const KEPT_MS = 5_000;
const SLOW_MS = 1_000;
/** Most outcomes that are kept; over this number the oldest is dropped. */
const MOST_KEPT = 1_000;

/** Who chose a host name. */
export interface HostChooser {
  /** The address of the peer, or another text. Each has its queue and its turn. */
  readonly name: string;
  /** Names of it that may wait or be looked up at the same time, which is the limit `maxHostLookups`. Undefined: no limit. */
  readonly most?: number | undefined;
}

/** Looks a name up, as `lookup` of `node:dns/promises` with `all`. It may throw. */
export type NameLookUp = (host: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>;

/** A name that waits for its turn, or is looked up. */
interface Name {
  readonly chooser: string;
  readonly host: string;
  readonly hints: number;
  readonly isLimited: boolean;
  readonly outcome: Promise<LookupAddress[]>;
  readonly settle: (outcome: Promise<LookupAddress[]>) => void;
  readonly waiters: Set<object>;
}

/** The names of one chooser by their keys, in the order in which they came. */
interface Names {
  readonly waiting: Map<string, Name>;
  readonly running: Map<string, Name>;
  /** The number of those with a limit. */
  limited: number;
}

interface Kept {
  readonly outcome: Promise<LookupAddress[]>;
  /** In milliseconds of `performance.now()`. */
  readonly until: number;
}

/**
 * Looks up the host names that peers chose, for all daemons and proxies of the process.
 *
 * A lookup takes a thread of libuv until the resolver of the system answers, which may take half a minute, and nothing can stop it. libuv
 * gives lookups half of its four threads. So one of these lookups runs at a time, and the program's own lookups always have a thread.
 * The peers take turns. A name that nobody waits for any more is not looked up.
 */
export class HostLookups {
  /** By choosers, the next one first. */
  private readonly choosers = new Map<string, Names>();
  /** Outcomes of lookups that run, or that were slow and ended a moment ago, by the keys of names. */
  private readonly kept = new Map<string, Kept>();
  private running = 0;
  /** Names with a limit that wait. */
  private limited = 0;

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
   * @throws {CommunicationError} over `maxHostLookups`
   * @throws the error of the lookup; the reason of `signal` when the signal is aborted
   */
  async lookUp(host: string, chooser: HostChooser, signal?: AbortSignal, hints = 0): Promise<LookupAddress[]> {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    if (host.toLowerCase() === 'localhost') return LOCALHOST;
    signal?.throwIfAborted();
    const key = `${hints} ${host.toLowerCase()}`;
    const kept = this.keptOutcome(key);
    return kept === undefined ? this.wait(this.nameOf(key, host, chooser, hints), key, signal) : orAborted(kept, signal);
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

  /** The name as the chooser has it already, or a new one. @throws {CommunicationError} over a limit */
  private nameOf(key: string, host: string, { name: chooser, most }: HostChooser, hints: number): Name {
    const names = this.choosers.get(chooser) ?? newNames();
    const known = names.waiting.get(key) ?? names.running.get(key);
    if (known !== undefined) return known;
    if (most !== undefined) this.checkRoom(chooser, names.limited, most);
    const name = newName({ chooser, host, hints, isLimited: most !== undefined });
    names.waiting.set(key, name);
    this.choosers.set(chooser, names);
    if (name.isLimited) {
      names.limited++;
      this.limited++;
    }
    this.next();
    return name;
  }

  private checkRoom(chooser: string, used: number, most: number): void {
    if (used < most && this.limited < MOST_WAITING) return;
    const full =
      used >= most
        ? `too many host names of ${peerText(chooser)} wait to be looked up (maxHostLookups is ${most})`
        : `too many host names of all peers wait to be looked up (${MOST_WAITING}, besides maxHostLookups)`;
    const text = `${full}; give an IP address in the URI, or try again later`;
    throw overLimit('maxHostLookups', new CommunicationError(text, { sent: false }));
  }

  private async wait(name: Name, key: string, signal: AbortSignal | undefined): Promise<LookupAddress[]> {
    const waiter = {};
    name.waiters.add(waiter);
    try {
      return await orAborted(name.outcome, signal);
    } finally {
      name.waiters.delete(waiter);
      if (name.waiters.size === 0) this.forget(name, key);
    }
  }

  /** Takes a name out of the queue that nobody waits for. */
  private forget(name: Name, key: string): void {
    const names = this.choosers.get(name.chooser);
    if (names?.waiting.get(key) !== name) return;
    this.leaveQueue(names, name, key);
    if (name.isLimited) names.limited--;
    if (sizeOf(names) === 0) this.choosers.delete(name.chooser);
  }

  private leaveQueue(names: Names, name: Name, key: string): void {
    names.waiting.delete(key);
    if (name.isLimited) this.limited--;
  }

  /** Looks up the next names: the first of each chooser in turn. */
  private next(): void {
    for (const [chooser, names] of this.choosers) {
      if (this.running >= this.mostRunning) return;
      const [first] = names.waiting;
      if (first === undefined) continue;
      // moves the chooser to the end, where this loop finds it again
      this.choosers.delete(chooser);
      this.choosers.set(chooser, names);
      const [key, name] = first;
      this.leaveQueue(names, name, key);
      names.running.set(key, name);
      void this.run(names, name, key);
    }
  }

  private async run(names: Names, name: Name, key: string): Promise<void> {
    const others = this.keptOutcome(key);
    if (others === undefined) this.running++;
    const outcome = others ?? this.begin(name, key);
    name.settle(outcome);
    await outcome.catch(() => undefined);
    if (others === undefined) this.running--;
    names.running.delete(key);
    if (name.isLimited) names.limited--;
    this.choosers.delete(name.chooser);
    // behind those who have come while the lookup ran
    if (sizeOf(names) > 0) this.choosers.set(name.chooser, names);
    this.next();
  }

  /** Looks a name up. Others who want the name meanwhile get the same outcome. */
  private begin({ host, hints }: Name, key: string): Promise<LookupAddress[]> {
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

  private keep(key: string, kept: Kept): void {
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

/** Gives a socket the addresses of its host that were looked up before. */
export function lookupOf(addresses: readonly LookupAddress[]): LookupFunction {
  return (host, { all, family }, callback) => {
    const version = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    const fitting = addresses.filter((address) => !version || address.family === version);
    const [first] = fitting;
    // a socket expects no answer before its connect() has returned
    if (first === undefined)
      process.nextTick(callback, Object.assign(new Error(`${host} has no such address`), { code: 'ENOTFOUND' }), '');
    else if (all) process.nextTick(callback, null, fitting);
    else process.nextTick(callback, null, first.address, first.family);
  };
}

/** The peer at a location, as the chooser of a host name. */
export function chooserAt(location: string, most: number | undefined): HostChooser {
  const address = socketAddressOf(location);
  const name = address !== undefined && 'host' in address ? (networkOf(address.host) ?? address.host) : location;
  return { name, most };
}

/** The name server at a location, as the chooser of the host names that it gives. They have turns besides those of clients at its address. */
export function registrarAt(location: string): HostChooser {
  return { name: `names of ${chooserAt(location, undefined).name}` };
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

function newNames(): Names {
  return { waiting: new Map(), running: new Map(), limited: 0 };
}

function sizeOf({ waiting, running }: Names): number {
  return waiting.size + running.size;
}

function newName(name: Pick<Name, 'chooser' | 'host' | 'hints' | 'isLimited'>): Name {
  let settle: Name['settle'] | undefined;
  const outcome = new Promise<LookupAddress[]>((resolve) => (settle = resolve));
  // nobody may wait for it any more
  outcome.catch(() => undefined);
  return { ...name, outcome, settle: settle!, waiters: new Set() };
}
