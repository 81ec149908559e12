import { NamingError } from '../../protocol/errors.js';
import { FileLock } from './file-lock.js';
import { Journal, type JournalEntry } from './journal.js';
import {
  areTagsFree,
  decidePut,
  type NameRecord,
  type PutOptions,
  type RemoveOptions,
  type SetMetadataAnswer,
  type SetMetadataOptions,
} from './name-store.js';
import { TableStore } from './table-store.js';

/** A change that waits to be written. */
interface PendingWrite {
  readonly entry: JournalEntry;
  /** Takes the change back. */
  readonly undo: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keeps the registrations in memory and in a file. What was acknowledged is on the disk: it survives a killed process and a power cut.
 * The file belongs to one process.
 *
 * A lease begins anew when the file is opened.
 */
export class FileNameStore extends TableStore {
  private waiting: PendingWrite[] = [];
  private writing: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    private readonly lock: FileLock,
    private journal: Journal,
  ) {
    super();
  }

  /** @throws {PyroError} `CONFIG`, when another process uses the file, or it is something else */
  static async open(path: string): Promise<FileNameStore> {
    const lock = await FileLock.take(path);
    try {
      const entries: JournalEntry[] = [];
      const store = new FileNameStore(path, lock, await Journal.open(lock.file, (entry) => entries.push(entry)));
      for (const entry of entries) store.apply(entry);
      return store;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async put(record: NameRecord, options: PutOptions): Promise<NameRecord | undefined> {
    const current = this.table.get(record.name);
    const decision = current ? decidePut(current, record, options, () => this.table.isOverdue(current)) : 'set';
    if (decision === 'set') await this.set(record);
    return decision === 'refused' ? current : undefined;
  }

  async setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    options: SetMetadataOptions,
  ): Promise<SetMetadataAnswer> {
    const record = this.table.get(name);
    if (record === undefined) return 'unknown';
    if (!areTagsFree(record, options)) return 'held';
    await this.set({ ...record, metadata });
    return 'done';
  }

  async remove(names: readonly string[], options: RemoveOptions): Promise<number> {
    const removable = this.table.removable(names, options);
    if (removable.length === 0) return 0;
    const removed = new Map(removable.map((name) => [this.table.get(name)!, this.table.positionOf(name)]));
    const entry: JournalEntry = { remove: removable };
    this.apply(entry);
    await this.write(entry, () => this.table.putBack(removed));
    return removable.length;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.writing;
    await this.journal.close();
    await this.lock.release();
  }

  protected override expired(names: readonly string[]): void {
    void this.write({ remove: names }, () => undefined).catch(() => undefined);
  }

  private async set(record: NameRecord): Promise<void> {
    const before = this.table.get(record.name);
    this.table.set(record);
    await this.write({ set: record }, () => {
      if (before) this.table.set(before);
      else this.table.delete(record.name);
    });
  }

  private apply(entry: JournalEntry): void {
    if ('set' in entry) this.table.set(entry.set);
    else for (const name of entry.remove) this.table.delete(name);
  }

  /** Resolves when the change is on the disk. Changes that come meanwhile are written together. */
  private write(entry: JournalEntry, undo: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ entry, undo, resolve, reject });
      this.writing ??= this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        await this.lock.check();
        await this.journal.append(batch.map(({ entry }) => entry));
      } catch (error) {
        // changes that came meanwhile were made upon these: all are taken back, the last first
        const failed = [...batch, ...this.waiting.splice(0)];
        for (const { undo } of failed.toReversed()) undo();
        const failure = new NamingError(`the name server cannot write ${this.path}: ${(error as Error).message}`, {
          cause: error,
        });
        for (const { reject } of failed) reject(failure);
        continue;
      }
      for (const { resolve } of batch) resolve();
      if (this.journal.isLong(this.table.size)) await this.rewrite();
    }
    // in the same step as the last look at `waiting`: a change that comes later must start a new run
    this.writing = undefined;
  }

  /** A journal that cannot be written anew grows on; the next change tries again. */
  private async rewrite(): Promise<void> {
    const isUpToDate = this.waiting.length === 0;
    if (isUpToDate) await this.journal.rewrite(this.table.list({ by: 'all' })).catch(() => undefined);
  }
}
