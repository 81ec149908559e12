import type { Frame } from '../../protocol/messages/frame-reader.js';
import type { UnservedBytes } from '../../transport/unserved-bytes.js';

/** Bytes of waiting requests over which no more requests are taken. A single request may be larger. A further MiB may be read ahead. */
const MAX_QUEUED_BYTES = 7 * 1024 * 1024;

/** The requests of one session that have arrived and wait to be served. */
export class RequestQueue {
  private readonly frames: Frame[] = [];
  private bytes = 0;

  /** @param unserved the bytes of all connections */
  constructor(private readonly unserved: UnservedBytes) {}

  get length(): number {
    return this.frames.length;
  }

  /** The limit on bytes that is reached. */
  get fullForBytes(): 'maxQueuedRequests' | 'maxUnservedBytes' | undefined {
    if (this.bytes > MAX_QUEUED_BYTES) return 'maxQueuedRequests';
    return this.bytes > 0 && this.unserved.isQueueFull ? 'maxUnservedBytes' : undefined;
  }

  push(frame: Frame): void {
    this.frames.push(frame);
    this.bytes += frame.length;
    this.unserved.enqueue(frame.length);
  }

  shift(): Frame | undefined {
    const frame = this.frames.shift();
    if (frame === undefined) return undefined;
    this.bytes -= frame.length;
    this.unserved.dequeue(frame.length);
    return frame;
  }

  clear(): void {
    while (this.shift() !== undefined);
  }
}

/**
 * The limit because of which a session takes no more requests.
 *
 * @param waiting undefined before the first request had to wait
 * @param running requests that run; they count, too
 */
export function reachedLimit(
  waiting: RequestQueue | undefined,
  running: number,
  maxQueuedRequests: number,
): 'maxQueuedRequests' | 'maxUnservedBytes' | undefined {
  const inProgress = running + (waiting?.length ?? 0);
  return inProgress >= maxQueuedRequests ? 'maxQueuedRequests' : waiting?.fullForBytes;
}
