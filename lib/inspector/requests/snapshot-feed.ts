import type { ServerResponse } from 'node:http';
import { outsideOfCalls } from '../../calls/async-context.js';
import type { ListedFirst } from '../../daemon/contract/snapshot.js';
import type { InspectorState } from '../contract/contract.js';
import type { InspectorOptions } from '../contract/inspector-options.js';
import { warnOfError } from '../../reports/warning.js';
import type { InspectorSource } from '../contract/inspector-source.js';
import { isBehind, isClosed, OpenResponses } from './open-responses.js';

/** A reader is disconnected after this time and connects again, so that the guards of the application decide anew. */
const LONGEST_MS = 5 * 60_000;
/** Pause before a page connects again. */
const RETRY_MS = 2_000;

/** A page that watches. */
export interface FeedReader {
  /** Identifies the page: when it connects again, its earlier connection ends. */
  readonly page: string;
  /** The objects that it looks for. */
  readonly first: ListedFirst;
}

interface OpenReader extends FeedReader {
  /** Ends its connection after {@link LONGEST_MS}. */
  readonly timer: NodeJS.Timeout;
}

/**
 * Sends the state of all servers to the pages that watch, as server-sent events. One timer serves all of them, and one snapshot those who
 * look for the same objects; without readers there is no timer, and nothing is recorded.
 */
export class SnapshotFeed {
  private readonly readers = new Map<ServerResponse, OpenReader>();
  /** The readers that were ended and have not taken the end. They count under `maxReaders`. */
  private readonly leaving = new OpenResponses();
  private timer: NodeJS.Timeout | undefined;
  private endFollowing: (() => void) | undefined;
  private isTaking = false;
  private hasWarned = false;

  constructor(
    private readonly source: InspectorSource,
    private readonly limits: Pick<Required<InspectorOptions>, 'allowCalls' | 'intervalMs' | 'maxReaders'>,
  ) {}

  /** The state now. */
  async state(first: ListedFirst): Promise<InspectorState> {
    return { at: new Date().toISOString(), allowCalls: this.limits.allowCalls, servers: await this.source.take(first) };
  }

  /** True when there is no room for a page. */
  isFull(page: string): boolean {
    return !this.hasRoom && this.responseOf(page) === undefined;
  }

  /** Number of pages that watch. */
  get size(): number {
    return this.readers.size;
  }

  /** Adds a reader, whose head was sent. A reader that disconnected while guards ran is not added: its `close` event has passed already. */
  add(response: ServerResponse, { page, first }: FeedReader): void {
    if (isClosed(response)) return;
    const earlier = this.responseOf(page);
    const { hasRoom } = this;
    response.write(`retry: ${RETRY_MS}\n\n`);
    const end = (of: ServerResponse): void => {
      this.remove(of);
      this.leaving.leave(of);
    };
    this.readers.set(response, { page, first, timer: setTimeout(end, LONGEST_MS, response) });
    response.once('close', () => this.remove(response));
    if (earlier !== undefined && hasRoom) end(earlier);
    // the reader that leaves would be one too many
    else if (earlier !== undefined) this.disconnect(earlier);
    this.endFollowing ??= this.source.follow();
    this.timer ??= outsideOfCalls(() => setInterval(() => void this.send(), this.limits.intervalMs));
    void this.send();
  }

  close(): void {
    // not end(): a reader that does not read would keep its connection
    for (const response of this.readers.keys()) this.disconnect(response);
    this.leaving.close();
  }

  private get hasRoom(): boolean {
    return this.readers.size + this.leaving.size < this.limits.maxReaders;
  }

  private responseOf(page: string): ServerResponse | undefined {
    return [...this.readers].find(([, reader]) => reader.page === page)?.[0];
  }

  private disconnect(response: ServerResponse): void {
    this.remove(response);
    response.destroy();
  }

  private remove(response: ServerResponse): void {
    clearTimeout(this.readers.get(response)?.timer);
    this.readers.delete(response);
    if (this.readers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.endFollowing?.();
    this.endFollowing = undefined;
  }

  private async send(): Promise<void> {
    // a source that takes longer than the interval skips a snapshot
    if (this.isTaking) return;
    this.isTaking = true;
    try {
      const events = new Map<string, string>();
      for (const [response, { first }] of this.readers) {
        const key = JSON.stringify(first);
        if (!events.has(key)) events.set(key, `data: ${JSON.stringify(await this.state(first))}\n\n`);
        // a slow reader gets a later snapshot
        if (this.readers.has(response) && !isBehind(response)) response.write(events.get(key)!);
      }
    } catch (error) {
      // the next interval tries again; the operator is warned once
      if (!this.hasWarned) warnOfError(error);
      this.hasWarned = true;
    } finally {
      this.isTaking = false;
    }
  }
}
