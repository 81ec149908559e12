import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { outsideOfCalls } from '../calls/async-context.js';

/** A connection whose socket is not read for now. */
export interface StoppedConnection {
  readonly socket: Duplex;
  /** Changes while requests of the connection are served. */
  readonly progress: number;
  /** Reads again, if the reason to stop has gone. */
  flow(): void;
}

const LOOK_MS = 30_000;
const NOTHING = Buffer.alloc(0);

/**
 * The connections of a daemon whose sockets are not read. The system tells nobody that such a socket was reset, not even after a
 * keep-alive probe without an answer. But a write fails then, even a write of no bytes. So a socket that stays stopped, while none of its
 * requests ends, gets such a write now and then.
 *
 * A client that closes its socket in good order answers keep-alive probes for a minute or two. The writes fail after that.
 */
export class StoppedSockets {
  private readonly connections = new Map<StoppedConnection, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly lookMs = LOOK_MS) {}

  add(connection: StoppedConnection): void {
    if (this.connections.has(connection)) return;
    this.connections.set(connection, -1);
    this.timer ??= outsideOfCalls(() => setInterval(() => this.look(), this.lookMs).unref());
  }

  delete(connection: StoppedConnection): void {
    if (!this.connections.delete(connection) || this.connections.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    for (const [connection, before] of this.connections) {
      connection.flow();
      if (!this.connections.has(connection)) continue;
      const { progress } = connection;
      this.connections.set(connection, progress);
      if (progress === before) writeNothing(connection.socket);
    }
  }
}

/** Bytes that wait for the peer are such a write themselves. */
function writeNothing(socket: Duplex): void {
  // a TLS socket passes no empty write on to the socket below
  const { _parent: below } = socket as { _parent?: Duplex | null };
  const target = below ?? socket;
  if (target instanceof Socket && target.writable && socket.writableLength === 0) target.write(NOTHING);
}
