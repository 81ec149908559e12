import { DaemonError, SecurityError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { isLoopbackAddress, networkOf } from '../../protocol/location.js';
import { overLimit } from '../../protocol/over-limit.js';
import { fullDaemonText, tooManyFailuresText } from '../../protocol/texts/refusal-texts.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';

/** Addresses whose failures are remembered. Over this number the address whose last failure is the oldest is forgotten. */
const MAX_REMEMBERED = 10_000;
const MINUTE_MS = 60_000;
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;
/** Fractions of a failure are forgiven, and do not add up exactly. */
const ROUNDING = 1e-6;

/** The options that limit what one remote address may use. */
export type AddressLimits = Pick<
  ResolvedDaemonOptions,
  | 'maxConnectionsPerAddress'
  | 'maxHandshakesPerAddress'
  | 'maxFailedHandshakes'
  | 'maxAbandonedConnectionsPerAddress'
  | 'maxStreamsPerAddress'
  | 'limitLoopback'
>;

/** Failures of one remote address. Each minute `most` of them are forgiven, evenly. */
class FailureAccount {
  private count = 0;
  private lastAt = 0;

  /** @param most failures in a minute */
  constructor(private readonly most: number) {}

  /** Time of the last failure; 0 without one. */
  get failedAt(): number {
    return this.lastAt;
  }

  /** Failures that are not forgiven yet. */
  left(now: number): number {
    const forgiven = ((now - this.lastAt) * this.most) / MINUTE_MS;
    return Math.max(0, this.count - forgiven);
  }

  /** Notes a failure. @returns the time after which the client is told of it */
  add(now: number): number {
    this.count = this.left(now) + 1;
    this.lastAt = now;
    const over = this.count - this.most / 4;
    return over <= 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.floor(over));
  }

  /** Time until the next attempt is allowed; 0: it is allowed now. */
  waitSeconds(now: number): number {
    const over = this.left(now) - this.most + 1;
    return over < ROUNDING ? 0 : Math.ceil((over * MINUTE_MS) / this.most / 1_000 - ROUNDING);
  }
}

/** The uses of a daemon by one remote address. */
export class RemoteAddress {
  connections = 0;
  handshakes = 0;
  /**
   * Connections that are gone while a call of theirs, or their handshake, still runs, which are among `connections`, too; and clean-ups that
   * hang.
   */
  abandoned = 0;
  /** Open streams, and closed ones whose iterators still run and are not hung. */
  streams = 0;
  /** Memory that hung streams of its connections may hold. */
  hungStreamBytes = 0;
  /** Memory that the running requests and handshakes of its connections hold under `maxInFlightValueBytes`. */
  valueBytes = 0;
  private readonly failedHandshakes: FailureAccount;
  /**
   * Connections that the guards of a further object refused. An account of their own: a client that may not use an object must not be
   * locked out of the objects that it names in its handshakes.
   */
  private readonly refusedConnections: FailureAccount;

  constructor(
    readonly name: string,
    private readonly limits: AddressLimits,
  ) {
    this.failedHandshakes = new FailureAccount(limits.maxFailedHandshakes);
    this.refusedConnections = new FailureAccount(limits.maxFailedHandshakes);
  }

  /** Time of the last failure; 0 without one. */
  get failedAt(): number {
    return Math.max(this.failedHandshakes.failedAt, this.refusedConnections.failedAt);
  }

  get isUnused(): boolean {
    const { connections, handshakes, abandoned, streams, valueBytes, hungStreamBytes } = this;
    return connections + handshakes + abandoned + streams + valueBytes + hungStreamBytes === 0;
  }

  /** True when the address has as many abandoned connections as it may have. Connections that are open may become more. */
  get hasMostAbandoned(): boolean {
    return this.abandoned >= this.limits.maxAbandonedConnectionsPerAddress;
  }

  hasFailures(now: number): boolean {
    return this.failuresLeft(now) > 0;
  }

  /** Why a further connection is refused; undefined: it is not. */
  refusal(now: number): Error | undefined {
    const { maxConnectionsPerAddress, maxHandshakesPerAddress, maxAbandonedConnectionsPerAddress } = this.limits;
    if (this.connections >= maxConnectionsPerAddress)
      return this.full('maxConnectionsPerAddress', `${maxConnectionsPerAddress} connections of it are open`);
    if (this.handshakes >= maxHandshakesPerAddress)
      return this.full('maxHandshakesPerAddress', `${maxHandshakesPerAddress} handshakes of it are under way`);
    if (this.hasMostAbandoned) {
      const why = `calls or clean-ups of ${this.abandoned} clients of it that have gone still run (maxAbandonedConnectionsPerAddress is ${maxAbandonedConnectionsPerAddress}); try again when some have ended`;
      return overLimit('maxAbandonedConnectionsPerAddress', new DaemonError(fullDaemonText(why, this.name)));
    }
    return this.tooManyFailures(this.failedHandshakes, now, 'failed handshakes');
  }

  /** Why the guards of a further object are not asked; undefined: they are. */
  refusalToAsk(now: number): Error | undefined {
    return this.tooManyFailures(this.refusedConnections, now, 'connections refused by guards');
  }

  /** Notes a failed handshake. @returns the time after which the client is told of it */
  failed(now: number): number {
    return this.failedHandshakes.add(now);
  }

  /** Notes a connection that the guards of a further object refused. @returns the time after which the client is told of it */
  refusedByGuards(now: number): number {
    return this.refusedConnections.add(now);
  }

  /** Why a further stream is refused; undefined: it is not. */
  streamRefusal(): Error | undefined {
    const { maxStreamsPerAddress } = this.limits;
    if (this.streams < maxStreamsPerAddress) return undefined;
    const text = `too many open item streams of ${this.name} (maxStreamsPerAddress is ${maxStreamsPerAddress}); close some first`;
    return overLimit('maxStreamsPerAddress', refusal(new DaemonError(text)));
  }

  /** Failures that are not forgiven yet, of the kind that has more. */
  failuresLeft(now: number): number {
    return Math.max(this.failedHandshakes.left(now), this.refusedConnections.left(now));
  }

  private tooManyFailures(account: FailureAccount, now: number, what: string): Error | undefined {
    const waitSeconds = account.waitSeconds(now);
    if (waitSeconds === 0) return undefined;
    const { maxFailedHandshakes } = this.limits;
    const text = tooManyFailuresText(what, this.name, maxFailedHandshakes, waitSeconds);
    return overLimit('maxFailedHandshakes', new SecurityError(text));
  }

  private full(limit: keyof AddressLimits, why: string): Error {
    return overLimit(limit, new DaemonError(fullDaemonText(`${why} (${limit})`, this.name)));
  }
}

/**
 * The remote addresses of a daemon's clients. An IPv6 network of 64 bits counts as one address.
 *
 * Unix sockets and byte streams have no address. Loopback addresses have no limit unless `limitLoopback` is set: all programs of this
 * machine, and all clients of a reverse proxy on it, have the same address.
 */
export class RemoteAddresses {
  private readonly known = new Map<string, RemoteAddress>();

  constructor(private readonly limits: AddressLimits) {}

  /** Undefined for clients without limits per address. */
  of(remoteAddress: string | undefined): RemoteAddress | undefined {
    const name = remoteAddress === undefined ? undefined : networkOf(remoteAddress);
    if (name === undefined || (isLoopbackAddress(name) && !this.limits.limitLoopback)) return undefined;
    let address = this.known.get(name);
    if (address === undefined) {
      address = new RemoteAddress(name, this.limits);
      this.known.set(name, address);
      if (this.known.size > MAX_REMEMBERED) this.forgetOldest(address);
    }
    return address;
  }

  /** The addresses that are known at the moment. */
  all(): Iterable<RemoteAddress> {
    return this.known.values();
  }

  /** Forgets the addresses that use nothing and have no failures. Called now and then. */
  forgetUnused(now: number): void {
    for (const [name, address] of this.known) if (address.isUnused && !address.hasFailures(now)) this.known.delete(name);
  }

  /** @param added the address that was added last, which is not used yet */
  private forgetOldest(added: RemoteAddress): void {
    let oldest: RemoteAddress | undefined;
    for (const address of this.known.values()) {
      if (address === added || !address.isUnused) continue;
      if (oldest === undefined || address.failedAt < oldest.failedAt) oldest = address;
      if (oldest.failedAt === 0) break;
    }
    if (oldest !== undefined) this.known.delete(oldest.name);
  }
}
