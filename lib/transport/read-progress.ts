import type { Duplex } from 'node:stream';

/** Notes when the peer of a socket has read something of the bytes that were sent. */
export class ReadProgress {
  /** `performance.now()` when the peer was last seen to read something. */
  since = performance.now();
  private consumed: number;

  constructor(private readonly socket: Duplex) {
    this.consumed = consumedBytes(socket);
  }

  /** Looks whether the peer has read something since the last look. */
  look(now: number): void {
    const consumed = consumedBytes(this.socket);
    if (consumed > this.consumed) this.since = now;
    this.consumed = consumed;
  }
}

/** The counters of libuv behind a socket. */
interface Handle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

/**
 * The bytes that the system has taken from a socket. Node's own counters count only whole writes, and a write may have 256 MiB. So the
 * handle of libuv is asked, as Node does for `socket.setTimeout`. For TLS it is the handle of the socket below.
 */
function consumedBytes(socket: Duplex): number {
  const { _parent, _handle } = socket as { _parent?: { _handle?: Handle } | null; _handle?: Handle | null };
  const { bytesWritten, writeQueueSize } = _parent?._handle ?? _handle ?? {};
  return bytesWritten === undefined || writeQueueSize === undefined ? -socket.writableLength : bytesWritten - writeQueueSize;
}
