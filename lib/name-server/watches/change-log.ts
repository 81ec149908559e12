import type { NameChange, NameStore } from '../store/name-store.js';
import { TimeSlices } from '../store/time-slices.js';
import { bytesOfChange, type WatchRoom } from './watch-room.js';
import { type TagMask, WatchedTags } from './watched-tags.js';

/** Most changes that are kept for slow readers. A slower reader gets all names anew. */
const MAX_KEPT = 1_000;
/** Readers that are woken in one turn of the event loop. Each of them sends a message, in some 50 µs. */
const MAX_WOKEN = 20;

/**
 * The last changes of a store, for all watches of a name server.
 *
 * A change is noted once, and each reader has a position in the list. A reader looks at each change once, in some 0.1 µs, however many tags
 * the change and the reader have. So a change costs some 0.1 ms more with 1,000 watches that it does not concern. Readers that wait look
 * later, in slices between which calls are served, and are woken a few at a time. When watches need the memory, fewer changes are kept.
 */
export class ChangeLog {
  /** The change with the number n is at n % MAX_KEPT. */
  private readonly kept: (NameChange | undefined)[] = [];
  /** Number of the oldest change that is kept, and of the next one. */
  private first = 0;
  private next = 0;
  private readonly readers = new Set<ChangeReader>();
  private readonly sleepers = new Set<ChangeReader>();
  /** The sleepers whose time is over. */
  private readonly due = new Set<ChangeReader>();
  private readonly tags = new WatchedTags(MAX_KEPT);
  /** The sleepers have looked at the changes before this one. */
  private lookedTo = 0;
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
   * @param concerns whether the reader is told of a change. `mayHaveTags` is false when the change has no record with all of `tags`.
   * @param tags each once
   */
  follow(concerns: (change: NameChange, mayHaveTags: boolean) => boolean, tags: readonly string[] = []): ChangeReader {
    this.stop ??= this.store.watch((change) => this.add(change));
    const reader = new ChangeReader(this, concerns, tags, tags.length === 0 ? undefined : this.tags.open(tags));
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

  /** False when a change has no record with all tags of the mask. */
  mayHave(position: number, mask: TagMask): boolean {
    return this.tags.mayHave(position % MAX_KEPT, mask);
  }

  sleep(reader: ChangeReader): void {
    this.sleepers.add(reader);
  }

  /** Wakes a reader in one of the next turns of the event loop: many sleep for the same time. */
  wakeSoon(reader: ChangeReader): void {
    if (!this.sleepers.has(reader)) return;
    this.due.add(reader);
    this.beginWaking();
  }

  wake(reader: ChangeReader): void {
    this.sleepers.delete(reader);
    this.due.delete(reader);
  }

  leave(reader: ChangeReader): void {
    this.wake(reader);
    if (this.readers.delete(reader)) this.tags.close(reader.tags);
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
    if (isHeld) {
      this.kept[position % MAX_KEPT] = change;
      this.tags.sign(position % MAX_KEPT, change.kind === 'registered' ? change.record.metadata : undefined);
    } else this.first = this.next;
    this.beginWaking();
  }

  private forgetFirst(): void {
    const slot = this.first++ % MAX_KEPT;
    this.room.freeSpare(bytesOfChange(this.kept[slot]!));
    this.kept[slot] = undefined;
  }

  private beginWaking(): void {
    if (this.isWaking || this.sleepers.size === 0) return;
    this.isWaking = true;
    void this.wakeSleepers();
  }

  /** Wakes the sleepers that have news, or whose time is over. */
  private async wakeSleepers(): Promise<void> {
    const slices = new TimeSlices();
    do {
      // the changes of one turn of the event loop are looked at together
      await slices.next();
      // a copy: a reader that sleeps again meanwhile has seen all changes
      const sleeping = [...(this.lookedTo < this.next ? this.sleepers : this.due)];
      this.lookedTo = this.next;
      let woken = 0;
      for (const reader of sleeping) {
        // a reader that woke by itself moves its position alone
        if (this.sleepers.has(reader) && (this.due.has(reader) || reader.hasNews)) {
          reader.wake();
          woken++;
        }
        if (woken < MAX_WOKEN && !slices.isOver) continue;
        await slices.next();
        woken = 0;
      }
    } while (this.lookedTo < this.next || this.due.size > 0);
    this.isWaking = false;
  }
}

/** A position in the last changes. */
export class ChangeReader {
  private position: number;
  private endSleep: () => void = () => undefined;

  constructor(
    private readonly log: ChangeLog,
    private readonly concerns: (change: NameChange, mayHaveTags: boolean) => boolean,
    /** The tags that the reader asks for. */
    readonly tags: readonly string[],
    private readonly mask: TagMask | undefined,
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
    while (this.position < log.end && !this.isConcerned()) this.position++;
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
      const timer = setTimeout(() => this.log.wakeSoon(this), ms).unref();
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

  /** Whether the next change concerns the reader. */
  private isConcerned(): boolean {
    const { log, mask, position } = this;
    return this.concerns(log.at(position), mask === undefined || log.mayHave(position, mask));
  }
}
