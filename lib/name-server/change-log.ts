import type { NameChange, NameStore } from './store/name-store.js';
import { TimeSlices } from './store/time-slices.js';
import { bytesOfChange, type WatchRoom } from './watch-room.js';

/** Most changes that are kept for slow readers. A slower reader gets all names anew. */
const MAX_KEPT = 1_000;
/** Readers that are woken in one turn of the event loop. Each of them sends a message, in some 50 µs. */
const MAX_WOKEN = 20;

/**
 * The last changes of a store, for all watches of a name server.
 *
 * A change is noted once, and each reader has a position in the list. So a change costs the same however many watches are open. Readers that
 * wait for a change are woken later, in slices between which calls are served. When watches need the memory, fewer changes
 * are kept.
 */
export class ChangeLog {
  /** The change with the number n is at n % MAX_KEPT. */
  private readonly kept: (NameChange | undefined)[] = [];
  /** Number of the oldest change that is kept, and of the next one. */
  private first = 0;
  private next = 0;
  private readonly readers = new Set<ChangeReader>();
  private readonly sleepers = new Set<ChangeReader>();
  private isWaking = false;
  private stop: (() => void) | undefined;

  constructor(
    private readonly store: Pick<NameStore, 'watch'>,
    private readonly room: WatchRoom,
  ) {
    room.onShortage(() => this.forgetFirst());
  }

  /**
   * Reads the changes from now on.
   *
   * @param concerns whether the reader is told of a change
   */
  follow(concerns: (change: NameChange) => boolean): ChangeReader {
    this.stop ??= this.store.watch((change) => this.add(change));
    const reader = new ChangeReader(this, concerns);
    this.readers.add(reader);
    return reader;
  }

  get end(): number {
    return this.next;
  }

  has(position: number): boolean {
    return position >= this.first;
  }

  at(position: number): NameChange {
    return this.kept[position % MAX_KEPT]!;
  }

  sleep(reader: ChangeReader): void {
    this.sleepers.add(reader);
  }

  wake(reader: ChangeReader): void {
    this.sleepers.delete(reader);
  }

  leave(reader: ChangeReader): void {
    this.sleepers.delete(reader);
    this.readers.delete(reader);
    if (this.readers.size > 0) return;
    this.stop?.();
    this.stop = undefined;
    while (this.first < this.next) this.forgetFirst();
  }

  private add(change: NameChange): void {
    if (this.next - this.first === MAX_KEPT) this.forgetFirst();
    const bytes = bytesOfChange(change);
    let isHeld = this.room.takeSpare(bytes);
    while (!isHeld && this.first < this.next) {
      this.forgetFirst();
      isHeld = this.room.takeSpare(bytes);
    }
    const position = this.next++;
    if (isHeld) this.kept[position % MAX_KEPT] = change;
    else this.first = this.next;
    if (this.isWaking || this.sleepers.size === 0) return;
    this.isWaking = true;
    void this.wakeSleepers();
  }

  private forgetFirst(): void {
    const slot = this.first++ % MAX_KEPT;
    this.room.freeSpare(bytesOfChange(this.kept[slot]!));
    this.kept[slot] = undefined;
  }

  private async wakeSleepers(): Promise<void> {
    const slices = new TimeSlices();
    let lookedTo: number;
    do {
      // the changes of one turn of the event loop are looked at together
      await slices.next();
      lookedTo = this.next;
      let woken = 0;
      // a copy: a reader that sleeps again meanwhile has seen all changes
      const sleeping = [...this.sleepers];
      for (const reader of sleeping) {
        // a reader that woke by itself moves its position alone
        if (this.sleepers.has(reader) && reader.hasNews) {
          reader.wake();
          woken++;
        }
        if (woken < MAX_WOKEN && !slices.isOver) continue;
        await slices.next();
        woken = 0;
      }
    } while (lookedTo < this.next);
    this.isWaking = false;
  }
}

/** A position in the last changes. */
export class ChangeReader {
  private position: number;
  private endSleep: () => void = () => undefined;

  constructor(
    private readonly log: ChangeLog,
    private readonly concerns: (change: NameChange) => boolean,
  ) {
    this.position = log.end;
  }

  /** True when changes are kept no more that were not read. */
  get isBehind(): boolean {
    return !this.log.has(this.position);
  }

  /** True when there is a change to read, or the reader is behind. Skips the changes before that do not concern the reader. */
  get hasNews(): boolean {
    if (this.isBehind) return true;
    const { log } = this;
    while (this.position < log.end && !this.concerns(log.at(this.position))) this.position++;
    return this.position < log.end;
  }

  /** The next change. Only to be called when `hasNews`, and not `isBehind`. */
  read(): NameChange {
    return this.log.at(this.position++);
  }

  /** Goes on after the last change. */
  skipAll(): void {
    this.position = this.log.end;
  }

  /** Resolves when there may be news, and after `ms` at the latest. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), ms).unref();
      this.endSleep = () => {
        clearTimeout(timer);
        resolve();
      };
      this.log.sleep(this);
    });
  }

  wake(): void {
    this.log.wake(this);
    this.endSleep();
  }

  close(): void {
    this.log.leave(this);
  }
}
