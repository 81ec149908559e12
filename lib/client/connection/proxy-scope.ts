import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';

/** The connections of a proxy, as its scope sees them. */
interface ScopedConnections {
  /** Ends those that no call uses. */
  endIdle(): void;
  /** Ends all, for good; resolves when their sockets are closed. */
  release(): Promise<void>;
}

/**
 * Proxies that belong together: those that a daemon received, and within them those of one request. Their connections are
 * counted, and end together.
 */
export class ProxyScope {
  private readonly connected = new Map<ScopedConnections, number>();
  private connections = 0;
  private ended = false;

  /**
   * @param maxConnections of all its proxies together
   * @param parent scope that this one is part of
   */
  constructor(
    private readonly maxConnections: number,
    private readonly parent?: ProxyScope,
  ) {}

  /** A scope within this one; it may have all of its connections. */
  inner(): ProxyScope {
    return new ProxyScope(this.maxConnections, this);
  }

  /**
   * Counts a connection that a proxy is about to open; {@link leave} takes it back.
   *
   * @returns why it must not be opened; over the limit, idle connections of other proxies make room
   */
  enter(member: ScopedConnections): CommunicationError | undefined {
    if (this.ended) return new ConnectionClosedError('the daemon that received the proxy has closed', { sent: false });
    for (const other of this.connected.keys()) {
      if (this.connections < this.maxConnections) break;
      other.endIdle();
    }
    if (this.connections >= this.maxConnections) {
      return new CommunicationError(
        `too many connections to proxies that clients sent (receivedProxyOptions.maxConnections is ${this.maxConnections})`,
        { sent: false },
      );
    }
    const refusal = this.parent?.enter(member);
    if (refusal) return refusal;
    this.connections++;
    this.connected.set(member, (this.connected.get(member) ?? 0) + 1);
    return undefined;
  }

  /** A connection that was counted is no more. */
  leave(member: ScopedConnections): void {
    const left = (this.connected.get(member) ?? 0) - 1;
    if (left > 0) this.connected.set(member, left);
    else this.connected.delete(member);
    this.connections--;
    this.parent?.leave(member);
  }

  /** Ends the connections that no call uses; the proxies open others when they are called again. */
  endIdle(): void {
    for (const member of this.connected.keys()) member.endIdle();
  }

  /** Ends all connections; no proxy opens another. Resolves when their sockets are closed. */
  async end(): Promise<void> {
    this.ended = true;
    await Promise.all([...this.connected.keys()].map((member) => member.release()));
  }
}
