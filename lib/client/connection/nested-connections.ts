import type { Deadline } from '../../calls/deadline.js';
import { CommunicationError } from '../../protocol/errors.js';
import type { ClientConnection } from './client-connection.js';
import type { OpenedConnection } from './connection-opener.js';
import type { PoolParts } from './pool-parts.js';
import type { GroupMember } from './proxy-group.js';
import { endedAtOnce } from './releasing.js';

/** Deepest nesting of calls. Each level may open `poolSize` connections beyond the pool's own. */
const MAX_NESTING = 16;

/** Connections beyond `poolSize`, each opened for one nested call. The pool closes them after the call, or after its item stream. */
export class NestedConnections {
  private readonly opening = new Set<AbortController>();
  private readonly connections = new Set<ClientConnection>();

  constructor(
    private readonly poolSize: number,
    private readonly parts: Pick<PoolParts, 'open' | 'group'>,
  ) {}

  /** @throws {CommunicationError} when too many calls are nested */
  private checkDepth(): void {
    const { connections, opening, poolSize } = this;
    if (connections.size + opening.size < MAX_NESTING * poolSize) return;
    const message = `too many calls within calls (at most ${MAX_NESTING} for each of poolSize ${poolSize})`;
    throw new CommunicationError(message, { sent: false });
  }

  /**
   * Opens a connection.
   *
   * @param pool the pool that gets the connection
   * @throws {CommunicationError} when too many calls are nested, or the group of the pool has too many connections
   * @throws the failure of the deadline, when the deadline comes first; the error of {@link abort}
   */
  async open(deadline: Deadline, pool: GroupMember): Promise<OpenedConnection> {
    this.checkDepth();
    const { group, open } = this.parts;
    const refusal = group?.openConnection(pool);
    if (refusal) throw refusal;
    const controller = new AbortController();
    this.opening.add(controller);
    deadline.watch({ drop: (error) => controller.abort(error) });
    try {
      const opened = await open(controller.signal, (error) => deadline.connectFailed(error));
      if (controller.signal.aborted) opened.connection.drop(controller.signal.reason as Error);
      if (!opened.connection.isOpen) throw endedAtOnce(opened.connection);
      this.connections.add(opened.connection);
      return opened;
    } catch (error) {
      group?.connectionClosed(pool);
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      this.opening.delete(controller);
      deadline.unwatch();
    }
  }

  /** Called when a connection of the pool has ended. */
  ended(connection: ClientConnection): void {
    this.connections.delete(connection);
  }

  /**
   * True when a connection that no call uses was opened for a nested call, and is not needed any more. Its leases then belong to another
   * connection: the objects were passed for longer than the nested call. A connection that finds no other for its leases is nested no more.
   *
   * @param members the connections of the pool
   */
  isOver({ connection, leases, openStreams }: OpenedConnection, members: Iterable<OpenedConnection>): boolean {
    if (!this.connections.has(connection) || openStreams > 0) return false;
    if (leases.isEmpty) return true;
    // a nested connection passes its leases on in its turn
    const others = [...members].filter((member) => member.connection !== connection);
    const heir = others.find((member) => !this.connections.has(member.connection)) ?? others[0];
    if (heir === undefined) this.connections.delete(connection);
    else leases.moveTo(heir.leases);
    return heir !== undefined;
  }

  /** Gives up the connections that are being opened. */
  abort(error: Error): void {
    for (const controller of this.opening) controller.abort(error);
  }
}
