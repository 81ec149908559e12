import { configError } from '../../options/option-checks.js';
import { NamingError, PyroError } from '../../protocol/errors.js';
import { warn } from '../../reports/warning.js';
import { FileLock } from './file-lock.js';
import { Journal, type JournalEntry } from './journal.js';
import {
  areTagsFree,
  decidePut,
  type NameRecord,
  type NamePutOptions,
  removableNames,
  type NameRemoveOptions,
  type NameSetMetadataAnswer,
  type NameSetMetadataOptions,
} from './name-store.js';
import type { NameTable } from './name-table.js';
import { TableStore } from './table-store.js';

/** Pieces of work that are written together, at most: they are one text. */
const MAX_BATCH = 1_000;

/** Work on the names that waits to be written. */
interface PendingFileWork {
  readonly run: (draft: Draft) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The names of a table with changes that are not on the disk yet. */
class Draft {
  readonly entries: JournalEntry[] = [];
  private readonly changed = new Map<string, NameRecord | undefined>();

  constructor(private readonly table: NameTable) {}

  get(name: string): NameRecord | undefined {
    return this.changed.has(name) ? this.changed.get(name) : this.table.get(name);
  }

  set(record: NameRecord): void {
    this.changed.set(record.name, record);
    this.entries.push({ set: record });
  }

  remove(names: readonly string[]): void {
    for (const name of names) this.changed.set(name, undefined);
    if (names.length > 0) this.entries.push({ remove: names });
  }
}

/**
 * Keeps the registrations in memory and in a file. A change is on the disk before it is acknowledged, looked up or told to a watcher: it
 * survives a killed process and a power cut. The file belongs to one process.
 *
 * A lease begins anew when the file is opened.
 */
export class FileNameStore extends TableStore {
  private waiting: PendingFileWork[] = [];
  private writing: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    private readonly lock: FileLock,
    private readonly journal: Journal,
  ) {
    super();
  }

  /** @throws {PyroError} `CONFIG`, when another process uses the file, or it is something else, or cannot be used */
  static async open(path: string): Promise<FileNameStore> {
    try {
      const lock = await FileLock.take(path);
      try {
        return await FileNameStore.openLocked(path, lock);
      } catch (error) {
        await lock.release();
        throw error;
      }
    } catch (error) {
      if (error instanceof PyroError) throw error;
      throw configError(`storage: cannot use file:${path}: ${(error as Error).message}`, error as Error);
    }
  }

  private static async openLocked(path: string, lock: FileLock): Promise<FileNameStore> {
    const entries: JournalEntry[] = [];
    const journal = await Journal.open(
      lock.file,
      (entry) => entries.push(entry),
      () => lock.check(),
    );
    const store = new FileNameStore(path, lock, journal);
    for (const entry of entries) store.apply(entry);
    try {
      if (journal.isOld) await journal.rewrite(store.table.all());
    } catch (error) {
      store.table.close();
      await journal.close();
      throw error;
    }
    return store;
  }

  put(record: NameRecord, options: NamePutOptions): Promise<NameRecord | undefined> {
    return this.write((draft) => {
      const current = draft.get(record.name);
      const decision = current ? decidePut(current, record, options, () => this.table.isOverdue(current)) : 'set';
      // a record of its own, which tells this registration from another one of the same record
      if (decision === 'set') draft.set({ ...record });
      return decision === 'refused' ? current : undefined;
    });
  }

  setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    options: NameSetMetadataOptions,
  ): Promise<NameSetMetadataAnswer> {
    return this.write((draft) => {
      const record = draft.get(name);
      if (record === undefined) return 'unknown';
      if (!areTagsFree(record, options)) return 'held';
      draft.set({ ...record, metadata });
      return 'done';
    });
  }

  remove(names: readonly string[], options: NameRemoveOptions): Promise<number> {
    return this.write((draft) => {
      const removable = removableNames(names, options, (name) => draft.get(name));
      draft.remove(removable);
      return removable.length;
    });
  }

  removeUnchanged(record: NameRecord): Promise<boolean> {
    return this.write((draft) => {
      if (draft.get(record.name) !== record) return false;
      draft.remove([record.name]);
      return true;
    });
  }

  override async close(): Promise<void> {
    await super.close();
    await this.writing;
    await this.journal.close();
    await this.lock.release();
  }

  protected override expired(names: readonly string[]): void {
    // a name may have been registered again before this is written
    const work = (draft: Draft): void => draft.remove(names.filter((name) => draft.get(name) === undefined));
    void this.write(work).catch(() => undefined);
  }

  private apply(entry: JournalEntry): void {
    if ('set' in entry) this.table.set(entry.set);
    else for (const name of entry.remove) this.table.delete(name);
  }

  /** Resolves when the changes of the work are on the disk. Work that comes meanwhile is written together. */
  private write<Result>(work: (draft: Draft) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result;
      const run = (draft: Draft): void => void (result = work(draft));
      this.waiting.push({ run, resolve: () => resolve(result), reject });
      this.writing ??= this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH);
      const draft = new Draft(this.table);
      for (const { run } of batch) run(draft);
      try {
        if (draft.entries.length > 0) await this.append(draft.entries);
      } catch (error) {
        const failure = new NamingError(`the name server cannot write ${this.path}: ${(error as Error).message}`, {
          cause: error,
        });
        for (const { reject } of batch) reject(failure);
        continue;
      }
      for (const entry of draft.entries) this.apply(entry);
      for (const { resolve } of batch) resolve();
      await this.shorten();
    }
    // in the same step as the last look at `waiting`: work that comes later must start a new run
    this.writing = undefined;
  }

  /** Appends to the journal. A journal that another program has removed or changed is written anew before, with all names in memory. */
  private async append(entries: readonly JournalEntry[]): Promise<void> {
    if (!(await this.journal.isInPlace())) {
      await this.journal.rewrite(this.table.all());
      const text = `${this.path} was removed, replaced or changed by another program; the name server has written all its names again`;
      warn(text, 'PYRO_NAMES_FILE_CHANGED');
    }
    await this.journal.append(entries);
  }

  /** Writes a long journal anew. One that cannot be written anew grows on; the next change tries again. */
  private async shorten(): Promise<void> {
    if (!this.journal.isLong(this.table.size)) return;
    await this.journal.rewrite(this.table.all()).catch(() => undefined);
  }
}
