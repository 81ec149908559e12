import type { Frame } from '../../protocol/frame-reader.js';

/** Bytes of waiting requests over which reading stops. A single request may be larger. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

/** The requests of one session that have arrived and wait to be served. */
export class RequestQueue {
  private readonly frames: Frame[] = [];
  private bytes = 0;

  get length(): number {
    return this.frames.length;
  }

  /** True when nothing more should be read. @param maxRequests how many may wait */
  isFull(maxRequests: number): boolean {
    return this.frames.length >= maxRequests || this.bytes > MAX_QUEUED_BYTES;
  }

  push(frame: Frame): void {
    this.frames.push(frame);
    this.bytes += frame.length;
  }

  shift(): Frame | undefined {
    const frame = this.frames.shift();
    if (frame !== undefined) this.bytes -= frame.length;
    return frame;
  }
}
