import { outsideOfCalls } from '../calls/async-context.js';
import { TimeoutError } from '../protocol/errors.js';
import { overLimit } from '../protocol/over-limit.js';

/** A connection whose peer sends a large message. */
export interface Sender {
  /** Bytes of the message that have arrived. */
  readonly arrivedBytes: number;
  /** Called when there is room for the message. */
  onRoom(): void;
  destroy(error: Error): void;
}

interface Arrival {
  /** Size of the whole message. */
  readonly bytes: number;
  /** Bytes that had arrived at the last check. */
  arrived: number;
  /** True when the bytes had come too slowly up to the last check. */
  isSlow: boolean;
}

/** Messages up to this size need no room: a single read of a socket may hold a whole message. */
export const MIN_COUNTED_BYTES = 64 * 1024;
/** The largest part of the limit for requests that wait behind a running request: running calls may wait for messages of other clients. */
const QUEUED_SHARE = 1 / 4;
const CHECK_MS = 5_000;

/**
 * The requests of all connections of a daemon that arrive, or wait to be served. While there is no room under `maxUnservedBytes`,
 * large messages wait: their sockets are not read.
 *
 * Only the first part of a message is read before the message has room for all its bytes. The oldest message gets room first. So each
 * message that has room can be read to its end, and then frees its room. A peer that sends slowly could hold its room for long. So while
 * messages wait, a message that would not be complete within `messageTimeoutMs` at its pace is cut.
 */
export class UnservedBytes {
  /** Bytes that have room, and that wait. */
  heldBytes = 0;
  /** Bytes that wait behind a running request, a part of `heldBytes`. */
  private queuedBytes = 0;
  private readonly senders = new Map<Sender, Arrival>();
  /** Senders without room, the oldest first, and the size of their messages. */
  private readonly waiting = new Map<Sender, number>();
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param messageTimeoutMs 0: slow senders are not cut
   * @param onWaiting called when a message has to wait
   */
  constructor(
    private readonly maxUnservedBytes: number,
    private readonly messageTimeoutMs: number,
    private readonly onWaiting: () => void = () => undefined,
    private readonly checkMs = CHECK_MS,
  ) {}

  /** True when requests that wait behind running requests use their whole part. */
  get isQueueFull(): boolean {
    return this.queuedBytes > this.maxUnservedBytes * QUEUED_SHARE;
  }

  /** A large message begins to arrive. {@link leave} must follow. @returns false: reading stops until {@link Sender.onRoom} */
  enter(sender: Sender, bytes: number): boolean {
    if (this.waiting.size === 0 && this.fits(bytes)) {
      this.giveRoom(sender, bytes);
      return true;
    }
    this.waiting.set(sender, bytes);
    this.onWaiting();
    if (this.messageTimeoutMs > 0) this.timer ??= outsideOfCalls(() => setInterval(() => this.cutSlow(), this.checkMs).unref());
    return false;
  }

  /** The message has arrived, or its connection is closed. */
  leave(sender: Sender): void {
    this.heldBytes -= this.senders.get(sender)?.bytes ?? 0;
    this.senders.delete(sender);
    this.waiting.delete(sender);
    this.giveRoomToWaiting();
  }

  /** A message has arrived and waits. {@link release} must follow. */
  hold(bytes: number): void {
    this.heldBytes += bytes;
  }

  release(bytes: number): void {
    this.heldBytes -= bytes;
    this.giveRoomToWaiting();
  }

  /** A request waits behind a running request of its connection. {@link dequeue} must follow. */
  enqueue(bytes: number): void {
    this.queuedBytes += bytes;
    this.hold(bytes);
  }

  dequeue(bytes: number): void {
    this.queuedBytes -= bytes;
    this.release(bytes);
  }

  /** True when a message gets room. A message that is alone always fits: requests that wait behind running requests may wait for it. */
  private fits(bytes: number): boolean {
    return this.heldBytes === this.queuedBytes || this.heldBytes + bytes <= this.maxUnservedBytes;
  }

  private giveRoom(sender: Sender, bytes: number): void {
    this.heldBytes += bytes;
    this.senders.set(sender, { bytes, arrived: sender.arrivedBytes, isSlow: false });
  }

  private giveRoomToWaiting(): void {
    for (const [sender, bytes] of this.waiting) {
      if (!this.fits(bytes)) return;
      this.waiting.delete(sender);
      this.giveRoom(sender, bytes);
      sender.onRoom();
    }
    if (this.timer === undefined || this.waiting.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Cuts the senders that were too slow at two checks: between the two, the event loop has looked at what has arrived. */
  private cutSlow(): void {
    for (const [sender, arrival] of this.senders) {
      const { bytes, arrived } = arrival;
      const now = sender.arrivedBytes;
      const isSlow = (now - arrived) * this.messageTimeoutMs < (bytes - now) * this.checkMs;
      if (isSlow && arrival.isSlow) this.cut(sender, now - arrived, bytes);
      arrival.arrived = now;
      arrival.isSlow = isSlow;
    }
  }

  private cut(sender: Sender, arrived: number, bytes: number): void {
    const text =
      `a message of ${bytes} bytes arrives too slowly: ${arrived} bytes in ${this.checkMs} ms, while others wait for room ` +
      `(maxUnservedBytes is ${this.maxUnservedBytes})`;
    this.leave(sender);
    sender.destroy(overLimit('maxUnservedBytes', new TimeoutError(text)));
  }
}
