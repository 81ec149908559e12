import type { ServerResponse } from 'node:http';
import type { InspectorState } from './contract.js';
import type { InspectorOptions } from './inspector-options.js';
import { warnOfError } from '../reports/warning.js';
import type { InspectorSource } from './inspector-source.js';

/** A reader is disconnected after this time and connects again, so that the guards of the application decide anew. */
const LONGEST_MS = 5 * 60_000;
/** Pause before a page connects again. */
const RETRY_MS = 2_000;

/**
 * Sends the state of all servers to the pages that watch, as server-sent events. One timer and one snapshot serve all of them; without
 * readers there is no timer, and nothing is recorded.
 */
export class SnapshotFeed {
  private readonly readers = new Map<ServerResponse, NodeJS.Timeout>();
  private timer: NodeJS.Timeout | undefined;
  private endFollowing: (() => void) | undefined;
  private isTaking = false;
  private hasWarned = false;

  constructor(
    private readonly source: InspectorSource,
    private readonly limits: Pick<Required<InspectorOptions>, 'allowCalls' | 'intervalMs' | 'maxReaders'>,
  ) {}

  /** The state now. */
  async state(): Promise<InspectorState> {
    return { at: new Date().toISOString(), allowCalls: this.limits.allowCalls, servers: await this.source.take() };
  }

  get isFull(): boolean {
    return this.readers.size >= this.limits.maxReaders;
  }

  /** Number of pages that watch. */
  get size(): number {
    return this.readers.size;
  }

  /** Adds a reader, whose head was sent. A reader that disconnected while guards ran is not added: its `close` event has passed already. */
  add(response: ServerResponse): void {
    if (response.destroyed || response.closed) return;
    response.write(`retry: ${RETRY_MS}\n\n`);
    const end = (): void => {
      this.remove(response);
      response.end();
    };
    this.readers.set(response, setTimeout(end, LONGEST_MS));
    response.once('close', () => this.remove(response));
    this.endFollowing ??= this.source.follow();
    this.timer ??= setInterval(() => void this.send(), this.limits.intervalMs);
    void this.send();
  }

  close(): void {
    for (const response of this.readers.keys()) {
      this.remove(response);
      // not end(): a reader that does not read would keep its connection
      response.destroy();
    }
  }

  private remove(response: ServerResponse): void {
    clearTimeout(this.readers.get(response));
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
      const event = `data: ${JSON.stringify(await this.state())}\n\n`;
      // a slow reader gets a later snapshot
      for (const reader of this.readers.keys()) if (!reader.writableNeedDrain) reader.write(event);
    } catch (error) {
      // the next interval tries again; the operator is warned once
      if (!this.hasWarned) warnOfError(error);
      this.hasWarned = true;
    } finally {
      this.isTaking = false;
    }
  }
}
