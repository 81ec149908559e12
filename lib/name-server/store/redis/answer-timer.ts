import { lookBeforeCut } from '../../../calls/event-loop-look.js';

/** Parts of a time limit. The next part begins in a turn of the event loop after the last one. */
const PARTS = 4;

/**
 * The time limit of an answer of Redis. A process that stands still loses one part of the time at most, however long it stands still: then
 * the command is sent and the answer is read before the limit is over.
 */
export class AnswerTimer {
  /** Rejects when the time is over. */
  readonly late: Promise<never>;
  private timer: NodeJS.Timeout | undefined;
  private isCleared = false;

  /** @param makeError called once, when the time is over */
  constructor(timeoutMs: number, makeError: () => Error) {
    this.late = new Promise((_, reject) => {
      const end = (): void => {
        if (!this.isCleared) reject(makeError());
      };
      this.wait(PARTS, timeoutMs / PARTS, () => lookBeforeCut(end));
    });
  }

  /** Ends the limit: the answer is there. */
  clear(): void {
    this.isCleared = true;
    clearTimeout(this.timer);
  }

  private wait(parts: number, partMs: number, end: () => void): void {
    this.timer = setTimeout(() => (parts > 1 ? this.wait(parts - 1, partMs, end) : end()), partMs);
  }
}
