import type { Deadline } from '../../calls/deadline.js';
import { CommunicationError } from '../../protocol/errors.js';
import type { ClientConnection } from './client-connection.js';
import type { OpenedConnection } from './connection-opener.js';
import type { PoolParts } from './pool-parts.js';
import { endedAtOnce } from './releasing.js';

/** Deepest nesting of calls. Each level may open `poolSize` connections beyond the pool's own. */
const MAX_NESTING = 16;

/** Opens connections beyond `poolSize`, each for one nested call. The pool closes them after the call. */
export class NestedConnections {
  private readonly opening = new Set<AbortController>();

  /** @param connections those that are open now */
  constructor(
    private readonly connections: Set<ClientConnection>,
    private readonly poolSize: number,
    private readonly connect: PoolParts['open'],
  ) {}

  /** @throws {CommunicationError} when too many calls are nested */
  checkDepth(): void {
    const { connections, opening, poolSize } = this;
    if (connections.size + opening.size < MAX_NESTING * poolSize) return;
    const message = `too many calls within calls (at most ${MAX_NESTING} for each of poolSize ${poolSize})`;
    throw new CommunicationError(message, { sent: false });
  }

  /** @throws the failure of the deadline, when the deadline comes first; the error of {@link abort} */
  async open(deadline: Deadline): Promise<OpenedConnection> {
    const controller = new AbortController();
    this.opening.add(controller);
    deadline.watch({ drop: (error) => controller.abort(error) });
    try {
      const opened = await this.connect(controller.signal, (error) => deadline.connectFailed(error));
      if (controller.signal.aborted) opened.connection.drop(controller.signal.reason as Error);
      if (!opened.connection.isOpen) throw endedAtOnce(opened.connection);
      this.connections.add(opened.connection);
      return opened;
    } catch (error) {
      throw controller.signal.aborted ? controller.signal.reason : error;
    } finally {
      this.opening.delete(controller);
      deadline.unwatch();
    }
  }

  /** Gives up the connections that are being opened. */
  abort(error: Error): void {
    for (const controller of this.opening) controller.abort(error);
  }
}
