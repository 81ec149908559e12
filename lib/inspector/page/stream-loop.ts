import type { ShownError, ShownValue } from '../contract/contract.js';
import { RequestFailure, type ServerConnection } from './server-connection.js';

/** Items of one request. */
const COUNT = 20;
/** Pause between two requests, so that a fast stream does not fill the page faster than a person reads. */
const PAUSE_MS = 250;

/**
 * - `paused`: no request is sent, so the stream waits at its source. The items of a request that was sent before still come.
 * - `stopped`: the page has closed the stream.
 * - `ended`: the stream has no more items, has failed, or is not known any more.
 */
export type StreamState = 'reading' | 'paused' | 'stopped' | 'ended';

interface StreamListener {
  onItems: (items: readonly ShownValue[]) => void;
  onState: (state: StreamState, error: ShownError | Error | null) => void;
}

/** Reads the items of a stream. There is one request at a time: the next one waits for the running one, also after a pause. */
export class StreamLoop {
  private state: StreamState = 'paused';
  private isAsking = false;

  constructor(
    private readonly streamId: string,
    private readonly connection: ServerConnection,
    private readonly listener: StreamListener,
  ) {}

  resume(): void {
    if (this.state !== 'paused') return;
    this.become('reading');
    if (!this.isAsking) void this.read();
  }

  pause(): void {
    if (this.state === 'reading') this.become('paused');
  }

  /** Closes the stream. */
  stop(): void {
    if (this.isOver) return;
    this.become('stopped');
    this.connection.closeStream(this.streamId);
  }

  private get isOver(): boolean {
    return this.state === 'stopped' || this.state === 'ended';
  }

  private async read(): Promise<void> {
    this.isAsking = true;
    while (this.state === 'reading') await this.readSome();
    this.isAsking = false;
  }

  private async readSome(): Promise<void> {
    try {
      const { items, isEnded, error } = await this.connection.items({ streamId: this.streamId, count: COUNT });
      if (this.isOver) return;
      this.listener.onItems(items);
      if (isEnded) this.become('ended', error);
      else await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } catch (error) {
      // the stream is still open, unless it is not known any more: a person may resume or stop it
      const isGone = error instanceof RequestFailure && error.status === 404;
      if (!this.isOver) this.become(isGone ? 'ended' : 'paused', error as Error);
    }
  }

  private become(state: StreamState, error: ShownError | Error | null = null): void {
    this.state = state;
    this.listener.onState(state, error);
  }
}
