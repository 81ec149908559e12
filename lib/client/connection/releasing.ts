import { type Deadline, type DeadlineWatcher, endsWithin } from '../../calls/deadline.js';
import { ConnectionClosedError } from '../../protocol/errors.js';
import type { ClientConnection } from './client-connection.js';

/**
 * Longest time for which a release waits until the calls that were made before it are sent. They wait for the calls before them, and
 * for the handshake. Most end by their own `callTimeoutMs`; a call without that limit must not keep a program for ever.
 */
const MAX_SENDING_MS = 10_000;

/** Counts the calls that were made and are not sent yet. */
export class UnsentCalls {
  private count = 0;
  private allSent: (() => void) | undefined;

  /** A call is made. {@link sent} must follow. */
  made(): void {
    this.count++;
  }

  /** A call was sent, or failed before. */
  sent(): void {
    if (--this.count === 0) this.allSent?.();
  }

  /** Waits until all calls that were made are sent, for at most 10 s. Undefined: they are sent. */
  untilSent(): Promise<unknown> | undefined {
    if (this.count === 0) return undefined;
    return endsWithin(new Promise<void>((resolve) => (this.allSent = resolve)), MAX_SENDING_MS);
  }
}

/** A connect that waits for the end of a release. The deadline of the connect, or another release, ends the wait with an error. */
class ConnectAfterRelease implements DeadlineWatcher {
  error: Error | undefined;
  readonly over: Promise<void>;
  private end!: () => void;

  constructor(release: Promise<void>) {
    this.over = new Promise((resolve) => (this.end = resolve));
    void release.then(this.end, this.end);
  }

  drop(error: Error): void {
    this.error ??= error;
    this.end();
  }
}

/** The connects that wait for the end of a release. */
export class ConnectsAfterRelease {
  private readonly waiting = new Set<ConnectAfterRelease>();

  /**
   * Waits for the end of a release, and for `connect`. No {@link cancel} comes between the two.
   *
   * @throws the error of {@link cancel}
   * @throws the failure of the deadline, when the deadline comes first
   */
  async after(release: Promise<void>, deadline: Deadline, connect: () => Promise<unknown> | void): Promise<void> {
    const waiting = new ConnectAfterRelease(release);
    this.waiting.add(waiting);
    deadline.watch(waiting);
    await waiting.over;
    deadline.unwatch();
    this.waiting.delete(waiting);
    if (waiting.error) throw waiting.error;
    await connect();
  }

  /** Ends the waiting connects with an error, because another release was asked for. */
  cancel(): void {
    for (const connect of this.waiting) connect.drop(released());
  }
}

/** Closes connections after their unsent bytes were sent. Resolves when their sockets are closed. */
export async function closeAll(
  connections: ClientConnection[],
  errorFor: (connection: ClientConnection) => Error,
): Promise<void> {
  const closed = connections.map((connection) => connection.closed);
  for (const connection of connections) {
    // somebody waits for the end of the socket
    connection.keepProcessAlive(true);
    connection.release(errorFor(connection));
  }
  await Promise.all(closed);
}

/** The error of a connection that the daemon closed before a call could use it. */
export function endedAtOnce({ location }: ClientConnection): ConnectionClosedError {
  return new ConnectionClosedError(`${location} closed the connection right after its handshake`, { sent: false });
}

/** The error of an idle connection that is closed. Only `onDisconnected` gets it. */
export function notNeeded(): ConnectionClosedError {
  return new ConnectionClosedError('the connection was not needed any more', { sent: false });
}

/** The error of a proxy's calls and connections after its release. */
export function released(): ConnectionClosedError {
  return new ConnectionClosedError('the proxy was released; $connect() takes it up again', { sent: false });
}
