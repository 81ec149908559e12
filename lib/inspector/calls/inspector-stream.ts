import { setTimeout as sleep } from 'node:timers/promises';
import { FollowingEnd } from '../../calls/following-end.js';
import type { RemoteStream } from '../../client/call/remote-stream.js';
import type { StreamAnswer } from '../contract/contract.js';
import { RequestRefusal } from '../contract/request-refusal.js';
import { shownError, shownValue } from '../values/shown-values.js';

/** Longest wait for the first item of an answer. The page asks again when there was none. */
const FIRST_ITEM_MS = 10_000;
/** Longest wait for a further item of an answer. */
const NEXT_ITEM_MS = 100;
/** An answer ends with the item that goes over this number of characters. */
const MAX_ANSWER_CHARS = 200_000;

/** A stream of a proxy. */
export interface StreamSource {
  readonly items: RemoteStream;
  /** Gives up the running request for an item, and closes the stream at its daemon. Never fails. */
  readonly interrupt: () => Promise<void>;
}

/**
 * A stream that the page reads, some items at a time. While the page asks for no items, no item is fetched: the stream pauses at its
 * source.
 */
export class InspectorStream {
  /** A requested item that had not arrived when the answer was sent. */
  private pending: Promise<IteratorResult<unknown, undefined>> | undefined;
  private isBusy = false;
  /** Aborts when the stream is closed. A running request is answered then. */
  private readonly closing = new AbortController();
  private readonly idle: NodeJS.Timeout;

  /** @param onClosed called once, when the stream has ended or was closed, with a promise that resolves when its daemon was told */
  constructor(
    private readonly source: StreamSource,
    idleTimeoutMs: number,
    private readonly onClosed: (told: Promise<unknown>) => void,
  ) {
    this.idle = setTimeout(() => this.expire(), idleTimeoutMs).unref();
  }

  /** Reads up to `count` items. @throws {RequestRefusal} 409 while another request reads */
  async read(count: number, signal: AbortSignal): Promise<StreamAnswer> {
    if (this.isBusy) throw new RequestRefusal(409, 'another request reads this stream');
    this.isBusy = true;
    const answer: StreamAnswer = { items: [], isEnded: false, error: null };
    try {
      for (let chars = 0; answer.items.length < count && chars < MAX_ANSWER_CHARS;) {
        const item = await this.nextWithin(answer.items.length === 0 ? FIRST_ITEM_MS : NEXT_ITEM_MS, signal);
        if (item === undefined) break;
        if (item.done) {
          answer.isEnded = true;
          break;
        }
        const value = shownValue(item.value);
        chars += value.text.length;
        answer.items.push(value);
      }
    } catch (error) {
      // closing the stream gives up the request for an item
      if (!this.closing.signal.aborted) answer.error = shownError(error);
      answer.isEnded = true;
    } finally {
      this.isBusy = false;
      this.idle.refresh();
    }
    if (answer.isEnded) this.close();
    return { ...answer, isEnded: this.closing.signal.aborted };
  }

  close(): void {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    clearTimeout(this.idle);
    const { items, interrupt } = this.source;
    this.pending?.catch(() => undefined);
    // a proxy closes a stream after the running request, whose item may never come
    this.onClosed(this.pending === undefined ? items.return() : interrupt());
  }

  /** Waits for an item. Undefined: it has not come yet. */
  private async nextWithin(waitMs: number, signal: AbortSignal): Promise<IteratorResult<unknown, undefined> | undefined> {
    this.pending ??= this.source.items.next();
    const late = new AbortController();
    using ended = new FollowingEnd(signal, late.signal, this.closing.signal);
    const waited = sleep(waitMs, undefined, { signal: ended.signal }).catch(() => undefined);
    try {
      const item = await Promise.race([this.pending, waited]);
      if (item !== undefined) this.pending = undefined;
      return item;
    } finally {
      late.abort();
    }
  }

  private expire(): void {
    if (this.isBusy) this.idle.refresh();
    else this.close();
  }
}
