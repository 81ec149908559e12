import type { Duplex } from 'node:stream';
import { CommunicationError, TimeoutError } from '../protocol/errors.js';
import { overLimit } from '../protocol/over-limit.js';
import { lookBeforeCut } from './event-loop-look.js';

/** A connection whose peer has not read all of the bytes that were sent. */
export interface Reader {
  readonly socket: Duplex;
  /** Bytes that were given to the socket or wait for it. */
  readonly unsentBytes: number;
  destroy(error: Error): void;
}

interface Progress {
  bytes: number;
  consumed: number;
  /** `performance.now()` when the peer was last seen to read something. */
  since: number;
}

const MAX_INTERVAL_MS = 5_000;

/**
 * The unsent bytes of all connections of a daemon. Cuts peers that read nothing for `writeTimeoutMs`. While there are more than
 * `maxUnsentBytes`, cuts the peer that has read nothing for the longest time.
 */
export class UnsentBytes {
  private readonly readers = new Map<Reader, Progress>();
  /** Bytes that wait for all peers. */
  total = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param writeTimeoutMs 0: no limit */
  constructor(
    private readonly maxUnsentBytes: number,
    private readonly writeTimeoutMs: number,
  ) {}

  /** Called when bytes were sent that the system does not take at once, and when it has taken some. */
  note(reader: Reader): void {
    const progress = this.readers.get(reader);
    const bytes = reader.unsentBytes;
    if (bytes === 0) return this.forget(reader);
    if (progress === undefined) this.add(reader, bytes);
    else this.setBytes(progress, bytes);
    if (this.total > this.maxUnsentBytes) this.cutSlowest(reader);
  }

  /** Called when the connection is closed. */
  forget(reader: Reader): void {
    const progress = this.readers.get(reader);
    if (progress === undefined) return;
    this.readers.delete(reader);
    this.total -= progress.bytes;
    if (this.readers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private add(reader: Reader, bytes: number): void {
    this.readers.set(reader, { bytes, consumed: consumedBytes(reader.socket), since: performance.now() });
    this.total += bytes;
    if (this.writeTimeoutMs === 0) return;
    this.timer ??= setInterval(() => this.check(), Math.min(MAX_INTERVAL_MS, Math.ceil(this.writeTimeoutMs / 4))).unref();
  }

  private setBytes(progress: Progress, bytes: number): void {
    this.total += bytes - progress.bytes;
    progress.bytes = bytes;
  }

  private check(): void {
    const stalled = this.stalledReaders();
    if (stalled.length === 0) return;
    lookBeforeCut(() => {
      for (const reader of this.stalledReaders()) if (stalled.includes(reader)) this.cutStalled(reader);
    });
  }

  private cutStalled(reader: Reader): void {
    const text = `the peer read nothing for writeTimeoutMs (${this.writeTimeoutMs} ms) while ${reader.unsentBytes} bytes waited for it`;
    this.forget(reader);
    reader.destroy(overLimit('writeTimeoutMs', new TimeoutError(text)));
  }

  private stalledReaders(): Reader[] {
    this.sample();
    const now = performance.now();
    return [...this.readers].filter(([, { since }]) => now - since >= this.writeTimeoutMs).map(([reader]) => reader);
  }

  /** Cuts the slowest reader. A single reader is not cut: one message may be larger than the limit. */
  private cutSlowest(latest: Reader): void {
    this.sample();
    while (this.total > this.maxUnsentBytes && this.readers.size > 1) {
      let slowest: [Reader, Progress] | undefined;
      for (const entry of this.readers) if (slowest === undefined || isSlower(entry[1], slowest[1])) slowest = entry;
      const [reader, { bytes }] = slowest!;
      this.forget(reader);
      const text = `the peer reads too slowly: ${bytes} bytes waited for it, and ${this.total + bytes} for all peers (maxUnsentBytes is ${this.maxUnsentBytes})`;
      reader.destroy(overLimit('maxUnsentBytes', new CommunicationError(text)));
      if (reader === latest) return;
    }
  }

  private sample(): void {
    const now = performance.now();
    for (const [reader, progress] of this.readers) {
      const bytes = reader.unsentBytes;
      if (bytes === 0) {
        this.forget(reader);
        continue;
      }
      this.setBytes(progress, bytes);
      const consumed = consumedBytes(reader.socket);
      if (consumed > progress.consumed) progress.since = now;
      progress.consumed = consumed;
    }
  }
}

function isSlower(one: Progress, other: Progress): boolean {
  return one.since < other.since || (one.since === other.since && one.bytes > other.bytes);
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
