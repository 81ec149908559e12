import { FairQueue } from '../../calls/fair-queue.js';
import type { Call } from '../../daemon/call/call.js';
import { clientGone } from '../../daemon/connection/session-connection.js';
import type { Pending } from '../../objects/keyed-instances.js';
import type { NameRecord, NameSelection } from '../store/name-store.js';
import { TimeSlices } from '../store/time-slices.js';
import { clientOf } from './name-rules.js';

/** A watch that waits for its first names. */
interface Watcher {
  /** The same for the same selection. */
  readonly key: string;
  readonly selection: NameSelection;
  /** Works on the records, if somebody still waits for them. Never rejected. */
  serve(records: readonly NameRecord[]): Promise<void>;
  /** The names could not be selected. */
  fail(error: unknown): void;
}

/**
 * Lets the first names of one watch be selected at a time. The other watches wait.
 *
 * The remote addresses that wait are served in turn, and connections without limits per address like addresses. Watches of other clients
 * that want the same selection get it in the same turn. A watch for whose items nobody waits, since its client has gone or its request took
 * too long, leaves the queue. It waits again when an item is asked for.
 */
export class WatchTurns {
  private isBusy = false;
  private readonly waiting = new FairQueue<unknown, Watcher>();

  constructor(private readonly select: (selection: NameSelection) => Pending<readonly NameRecord[]>) {}

  /**
   * Does work on selected records in the turn of a watch.
   *
   * @param call the call that began the watch; undefined: the process itself
   * @throws {CommunicationError} when the stream of the watch is closed
   */
  take<Result>(
    selection: NameSelection,
    call: Call | undefined,
    work: (records: readonly NameRecord[]) => Pending<Result>,
  ): Promise<Result> {
    const client = call && clientOf(call);
    const stream = call?.request.stream;
    return new Promise((resolve, reject) => {
      let isQueued = false;
      let isOver = false;
      const end = (settle: () => void): void => {
        if (isOver) return;
        isOver = true;
        this.waiting.delete(client, watcher);
        if (stream !== undefined) stream.onAwaited = undefined;
        call?.signal.removeEventListener('abort', isClosed);
        settle();
      };
      const isClosed = (): void => end(() => reject(clientGone()));
      const follow = (isAwaited: boolean): void => {
        if (isQueued === isAwaited || isOver) return;
        isQueued = isAwaited;
        if (isAwaited) this.add(client, watcher);
        else this.waiting.delete(client, watcher);
      };
      const watcher: Watcher = {
        key: JSON.stringify(selection),
        selection,
        serve: async (records) => {
          if (isOver || !isQueued) return;
          try {
            const result = await work(records);
            end(() => resolve(result));
          } catch (error) {
            end(() => reject(error as Error));
          }
        },
        fail: (error) => end(() => reject(error as Error)),
      };
      call?.signal.addEventListener('abort', isClosed);
      if (call?.signal.aborted) return isClosed();
      if (stream !== undefined) stream.onAwaited = follow;
      follow(stream?.isAwaited ?? true);
    });
  }

  private add(client: unknown, watcher: Watcher): void {
    this.waiting.add(client, watcher);
    if (!this.isBusy) this.beginNext();
  }

  private beginNext(): void {
    const watchers = this.waiting.takeAlike((other, first) => other.key === first.key);
    this.isBusy = watchers.length > 0;
    if (this.isBusy) void this.serve(watchers);
  }

  private async serve(watchers: readonly Watcher[]): Promise<void> {
    try {
      const records = await this.select(watchers[0]!.selection);
      const slices = new TimeSlices();
      for (const watcher of watchers) {
        await watcher.serve(records);
        if (slices.isOver) await slices.next();
      }
    } catch (error) {
      for (const watcher of watchers) watcher.fail(error);
    }
    // in a later turn of the event loop, when first items were written
    setImmediate(() => this.beginNext());
  }
}
