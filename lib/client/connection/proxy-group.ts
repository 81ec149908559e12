import { CommunicationError, ConnectionClosedError } from '../../protocol/errors.js';

/** The connections of one proxy in a group. */
export interface GroupMember {
  /** Closes the connections that no call uses, except connections over which objects of this program are leased. */
  endIdle(): boolean;
  /** Closes the connections that no call uses at once, and the others after their calls. Resolves when the unused connections are closed. */
  closeAfterCalls(): Promise<void>;
  /** Closes all connections for good; resolves when their sockets are closed. */
  release(): Promise<void>;
}

/** Options of a {@link ProxyGroup}. */
interface GroupOptions {
  /** Limit for all proxies of the group together. At the limit, idle connections are closed to make room. */
  maxConnections: number;
  /** True: no connection is opened when the limit is reached and all connections are in use. */
  isStrict: boolean;
}

/**
 * A group of proxies with one limit on their connections and a common end. There is a group of the proxies that a daemon received, with a
 * subgroup for each request, and a group of the proxies in the results of one proxy's calls.
 */
export class ProxyGroup {
  private readonly connected = new Map<GroupMember, number>();
  private connections = 0;
  private ended = false;

  /** @param parent the group that contains this one */
  constructor(
    private readonly options: GroupOptions,
    private readonly parent?: ProxyGroup,
  ) {}

  /** Makes a group within this one. It may use all connections of this group. */
  subgroup(): ProxyGroup {
    return new ProxyGroup(this.options, this);
  }

  /**
   * Counts a connection that a proxy is about to open; {@link connectionClosed} takes it off the count. At the limit, idle
   * connections of the group are closed to make room.
   *
   * @returns an error when the connection must not be opened
   */
  openConnection(member: GroupMember): CommunicationError | undefined {
    const { maxConnections, isStrict } = this.options;
    if (this.ended) return new ConnectionClosedError('the daemon that received the proxy has closed', { sent: false });
    for (const other of this.connected.keys()) {
      if (this.connections < maxConnections) break;
      other.endIdle();
    }
    if (isStrict && this.connections >= maxConnections) {
      return new CommunicationError(
        `too many connections to proxies that clients sent (receivedProxyOptions.maxConnections is ${maxConnections})`,
        { sent: false },
      );
    }
    const refusal = this.parent?.openConnection(member);
    if (refusal) return refusal;
    this.connections++;
    this.connected.set(member, (this.connected.get(member) ?? 0) + 1);
    return undefined;
  }

  /** Called when a counted connection was closed, or could not be opened. */
  connectionClosed(member: GroupMember): void {
    const left = (this.connected.get(member) ?? 0) - 1;
    if (left > 0) this.connected.set(member, left);
    else this.connected.delete(member);
    this.connections--;
    this.parent?.connectionClosed(member);
  }

  /**
   * Closes the connections that no call uses. The proxies open new connections when they are called again.
   *
   * @returns true when a connection was closed
   */
  endIdle(): boolean {
    return [...this.connected.keys()].map((member) => member.endIdle()).includes(true);
  }

  /** Closes all connections; a connection in use is closed after its call. The proxies open new connections when they are called again. */
  async closeAfterCalls(): Promise<void> {
    await Promise.all([...this.connected.keys()].map((member) => member.closeAfterCalls()));
  }

  /** Closes all connections. No proxy of the group can open another. Resolves when the sockets are closed. */
  async end(): Promise<void> {
    this.ended = true;
    await Promise.all([...this.connected.keys()].map((member) => member.release()));
  }
}
