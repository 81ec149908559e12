import type { Duplex } from 'node:stream';
import { outsideOfCalls } from '../calls/async-context.js';
import { CommunicationError, TimeoutError } from '../protocol/errors.js';
import { overLimit } from '../protocol/over-limit.js';
import { lookBeforeCut } from '../calls/event-loop-look.js';
import { ReadProgress } from './read-progress.js';

/** A connection whose peer has not read all of the bytes that were sent. */
export interface UnreadConnection {
  readonly socket: Duplex;
  /** Bytes that were given to the socket or wait for it. */
  readonly unsentBytes: number;
  destroy(error: Error): void;
}

interface Unread {
  bytes: number;
  readonly progress: ReadProgress;
}

const MAX_INTERVAL_MS = 5_000;

/**
 * The unsent bytes of all connections of a daemon. Cuts peers that read nothing for `writeTimeoutMs`. While there are more than
 * `maxUnsentBytes`, cuts the peer that has read nothing for the longest time.
 */
export class UnsentBytes {
  private readonly readers = new Map<UnreadConnection, Unread>();
  /** Bytes that wait for all peers. */
  total = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param writeTimeoutMs 0: no limit */
  constructor(
    private readonly maxUnsentBytes: number,
    private readonly writeTimeoutMs: number,
  ) {}

  /** Called when bytes were sent that the system does not take at once, and when it has taken some. */
  note(reader: UnreadConnection): void {
    const unread = this.readers.get(reader);
    const bytes = reader.unsentBytes;
    if (bytes === 0) return this.forget(reader);
    if (unread === undefined) this.add(reader, bytes);
    else this.setBytes(unread, bytes);
    if (this.total > this.maxUnsentBytes) this.cutSlowest(reader);
  }

  /** Called when the connection is closed. */
  forget(reader: UnreadConnection): void {
    const unread = this.readers.get(reader);
    if (unread === undefined) return;
    this.readers.delete(reader);
    this.total -= unread.bytes;
    if (this.readers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private add(reader: UnreadConnection, bytes: number): void {
    this.readers.set(reader, { bytes, progress: new ReadProgress(reader.socket) });
    this.total += bytes;
    if (this.writeTimeoutMs === 0) return;
    const intervalMs = Math.min(MAX_INTERVAL_MS, Math.ceil(this.writeTimeoutMs / 4));
    this.timer ??= outsideOfCalls(() => setInterval(() => this.check(), intervalMs).unref());
  }

  private setBytes(unread: Unread, bytes: number): void {
    this.total += bytes - unread.bytes;
    unread.bytes = bytes;
  }

  private check(): void {
    const stalled = this.stalledReaders();
    if (stalled.length === 0) return;
    lookBeforeCut(() => {
      for (const reader of this.stalledReaders()) if (stalled.includes(reader)) this.cutStalled(reader);
    });
  }

  private cutStalled(reader: UnreadConnection): void {
    const text = `the peer read nothing for writeTimeoutMs (${this.writeTimeoutMs} ms) while ${reader.unsentBytes} bytes waited for it`;
    this.forget(reader);
    reader.destroy(overLimit('writeTimeoutMs', new TimeoutError(text)));
  }

  private stalledReaders(): UnreadConnection[] {
    this.sample();
    const now = performance.now();
    return [...this.readers].filter(([, { progress }]) => now - progress.since >= this.writeTimeoutMs).map(([reader]) => reader);
  }

  /** Cuts the slowest reader. A single reader is not cut: one message may be larger than the limit. */
  private cutSlowest(latest: UnreadConnection): void {
    this.sample();
    while (this.total > this.maxUnsentBytes && this.readers.size > 1) {
      let slowest: [UnreadConnection, Unread] | undefined;
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
    for (const [reader, unread] of this.readers) {
      const bytes = reader.unsentBytes;
      if (bytes === 0) {
        this.forget(reader);
        continue;
      }
      this.setBytes(unread, bytes);
      unread.progress.look(now);
    }
  }
}

function isSlower(one: Unread, other: Unread): boolean {
  const [since, otherSince] = [one.progress.since, other.progress.since];
  return since < otherSince || (since === otherSince && one.bytes > other.bytes);
}
