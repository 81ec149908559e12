import { FLAGS } from '../../protocol/constants.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import { READ_AT_ONCE_BYTES } from '../../protocol/messages/inflation.js';
import { CONNECTION_TURN_MS } from '../../transport/turns.js';

/** Requests of one session that are served before other sessions get their turn. */
const REQUESTS_PER_TURN = 16;
/**
 * Bytes of requests of one session that are served before other sessions get their turn. A single request may be larger. A compressed
 * request counts as the most that is read of it at once.
 */
const REQUEST_BYTES_PER_TURN = 256 * 1024;
/** Requests between two looks at the clock. */
const REQUESTS_PER_CLOCK = 4;

/** Requests, bytes and time that one session may use before other sessions get their turn. */
export class TurnBudget {
  private requests = 0;
  private bytes = 0;
  private endsAt = 0;

  /** True when one more request may be served in this turn. */
  hasRoom(): boolean {
    return this.requests < REQUESTS_PER_TURN && this.bytes < REQUEST_BYTES_PER_TURN && this.hasTime();
  }

  /** A request is served. */
  spend({ header, length }: Frame): void {
    this.requests++;
    this.bytes += header.flags & FLAGS.compressed ? Math.max(length, READ_AT_ONCE_BYTES) : length;
  }

  /** The next turn begins, or no request is there. */
  renew(): void {
    this.requests = this.bytes = 0;
  }

  /** The clock is read only for the second request of a turn and each fourth after it: it takes 0.05 µs, a small request 2. */
  private hasTime(): boolean {
    const { requests } = this;
    if (requests % REQUESTS_PER_CLOCK !== 1) return true;
    const now = performance.now();
    if (requests === 1) this.endsAt = now + CONNECTION_TURN_MS;
    return now < this.endsAt;
  }
}
