import { isIPv4, isIPv6 } from 'node:net';
import { DaemonError, SecurityError } from '../../protocol/errors.js';
import { isLoopbackAddress, plainAddress } from '../../protocol/location.js';
import { overLimit } from '../../protocol/over-limit.js';
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
  'maxConnectionsPerAddress' | 'maxHandshakesPerAddress' | 'maxFailedHandshakes' | 'maxStreamsPerAddress' | 'limitLoopback'
>;

/** The uses of a daemon by one remote address. */
export class RemoteAddress {
  connections = 0;
  handshakes = 0;
  streams = 0;
  /** Failed handshakes. Each minute `maxFailedHandshakes` of them are forgiven, evenly. */
  private failures = 0;
  private failuresAt = 0;

  constructor(
    readonly name: string,
    private readonly limits: AddressLimits,
  ) {}

  /** Time of the last failed handshake; 0 without one. */
  get failedAt(): number {
    return this.failuresAt;
  }

  get isUnused(): boolean {
    return this.connections === 0 && this.handshakes === 0 && this.streams === 0;
  }

  hasFailures(now: number): boolean {
    return this.failuresLeft(now) > 0;
  }

  /** Why a further connection is refused; undefined: it is not. */
  refusal(now: number): Error | undefined {
    const { maxConnectionsPerAddress, maxHandshakesPerAddress, maxFailedHandshakes } = this.limits;
    if (this.connections >= maxConnectionsPerAddress)
      return this.full('maxConnectionsPerAddress', `${maxConnectionsPerAddress} connections of it are open`);
    if (this.handshakes >= maxHandshakesPerAddress)
      return this.full('maxHandshakesPerAddress', `${maxHandshakesPerAddress} handshakes of it are under way`);
    const over = this.failuresLeft(now) - maxFailedHandshakes + 1;
    if (over < ROUNDING) return undefined;
    const waitSeconds = Math.ceil((over * MINUTE_MS) / maxFailedHandshakes / 1_000 - ROUNDING);
    const text = `too many failed handshakes from ${this.name} (maxFailedHandshakes is ${maxFailedHandshakes} in a minute). Retry in ${waitSeconds} s`;
    return overLimit('maxFailedHandshakes', new SecurityError(text));
  }

  /** Notes a failed handshake. @returns the time after which the client is told of it */
  failed(now: number): number {
    const { maxFailedHandshakes } = this.limits;
    this.failures = this.failuresLeft(now) + 1;
    this.failuresAt = now;
    const over = this.failures - maxFailedHandshakes / 4;
    return over <= 0 ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.floor(over));
  }

  /** Why a further stream is refused; undefined: it is not. */
  streamRefusal(): Error | undefined {
    const { maxStreamsPerAddress } = this.limits;
    if (this.streams < maxStreamsPerAddress) return undefined;
    const text = `too many open item streams of ${this.name} (maxStreamsPerAddress is ${maxStreamsPerAddress}); close some first`;
    return overLimit('maxStreamsPerAddress', new DaemonError(text));
  }

  /** Failed handshakes that are not forgiven yet. */
  failuresLeft(now: number): number {
    const forgiven = ((now - this.failuresAt) * this.limits.maxFailedHandshakes) / MINUTE_MS;
    return Math.max(0, this.failures - forgiven);
  }

  private full(limit: keyof AddressLimits, why: string): Error {
    return overLimit(limit, new DaemonError(`daemon is full for ${this.name}: ${why} (${limit})`));
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

/** The address, or the first 64 bits of an IPv6 address. Undefined for texts that are no addresses. */
function networkOf(remoteAddress: string): string | undefined {
  if (isIPv4(remoteAddress)) return remoteAddress;
  const address = plainAddress(remoteAddress).replace(/%.*$/, '');
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  if (isLoopbackAddress(address)) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + behind < 8) groups.push('0');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
