import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { configError } from '../../../options/option-checks.js';
import { NamingError } from '../../../protocol/errors.js';
import {
  areTagsFree,
  decidePut,
  isRemovable,
  type NameChange,
  type NameRecord,
  type NameSelection,
  type NameStore,
  type PutOptions,
  type RemoveOptions,
  type SetMetadataAnswer,
  type SetMetadataOptions,
} from '../name-store.js';
import { countedMs } from '../lease-clock.js';
import { leaseClockMs, SqlNames } from './sql-names.js';
import { SqlWatch } from './sql-watch.js';
import { checkUtf8, hasUtf8 } from '../stored-text.js';

/** Pause between two checks of the leases. */
const SWEEP_MS = 1_000;

/** Work on the names that waits for the next transaction. */
interface PendingWork {
  /** Adds the changes that it makes to a list. */
  readonly run: (changes: NameChange[]) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keeps the registrations in an SQLite file with the tables of Pyro5's name server. Several processes may use the file, `pyro5-ns`
 * included. An acknowledged change is on the disk.
 *
 * A lease begins anew when the file is opened.
 *
 * @see Pyro5/nameserver.py, `SqlStorage`
 */
export class SqlNameStore implements NameStore {
  /** Identifies the file on this machine, without telling clients its path. */
  readonly sharedId: string;
  readonly copiesRecords = true;
  private readonly feed: SqlWatch;
  private readonly sweeper: NodeJS.Timeout;
  private sweptAt = leaseClockMs();
  /** Time in which nobody could renew a lease here, since this process stood still. */
  private stoodStillMs = 0;
  private waiting: PendingWork[] = [];
  private working: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    private readonly names: SqlNames,
  ) {
    this.feed = new SqlWatch(names);
    this.sharedId = createHash('sha256')
      .update(`${hostname()}:${realpathSync(path)}`)
      .digest('hex');
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** @throws {PyroError} `CONFIG`, on a Node without SQLite, or when the file is no SQLite file or cannot be opened */
  static open(path: string): SqlNameStore {
    try {
      return new SqlNameStore(path, SqlNames.open(path));
    } catch (error) {
      if ((error as { code?: string }).code === 'CONFIG') throw error;
      throw configError(`storage: cannot open sql:${path}: ${(error as Error).message}`, error as Error);
    }
  }

  get(name: string): NameRecord | undefined {
    return this.read(() => this.names.get(name));
  }

  async put(record: NameRecord, options: PutOptions): Promise<NameRecord | undefined> {
    checkUtf8(record);
    return this.write((changes) => {
      const current = this.names.get(record.name);
      const decision = current ? decidePut(current, record, options, () => this.names.isOverdue(record.name)) : 'set';
      if (decision === 'refused') return current;
      if (decision === 'kept') return undefined;
      this.names.set(record);
      changes.push({ kind: 'registered', record });
      return undefined;
    });
  }

  async setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    options: SetMetadataOptions,
  ): Promise<SetMetadataAnswer> {
    if (!hasUtf8(name)) return 'unknown';
    checkUtf8({ name, uri: '', metadata, lease: undefined });
    return this.write((changes) => {
      const current = this.names.get(name);
      if (current === undefined) return 'unknown';
      if (!areTagsFree(current, options)) return 'held';
      const record = { ...current, metadata };
      this.names.changeTags(record);
      changes.push({ kind: 'registered', record });
      return 'done';
    });
  }

  remove(names: readonly string[], options: RemoveOptions): Promise<number> {
    return this.write((changes) => {
      const before = changes.length;
      for (const name of names) {
        const current = this.names.get(name);
        if (current === undefined || !isRemovable(current, options)) continue;
        this.names.delete(name);
        changes.push({ kind: 'removed', name });
      }
      return changes.length - before;
    });
  }

  removeUnchanged(record: NameRecord): Promise<boolean> {
    return this.write((changes) => {
      if (!this.names.isUnchanged(record)) return false;
      this.names.delete(record.name);
      changes.push({ kind: 'removed', name: record.name });
      return true;
    });
  }

  renew(owner: string, names: readonly string[]): Promise<string[]> {
    return this.write(() => names.filter((name) => !this.names.renew(owner, name)));
  }

  list(selection: NameSelection): NameRecord[] {
    return this.read(() => this.names.list(selection));
  }

  count(): number {
    return this.read(() => this.names.count());
  }

  bytes(): number {
    return this.read(() => this.names.bytes());
  }

  watch(listener: (change: NameChange) => void): () => void {
    return this.read(() => this.feed.add(listener));
  }

  async close(): Promise<void> {
    clearInterval(this.sweeper);
    this.feed.close();
    await this.working;
    this.names.close();
  }

  private sweep(): void {
    const now = leaseClockMs();
    this.stoodStillMs += now - this.sweptAt - countedMs(now - this.sweptAt);
    this.sweptAt = now;
    try {
      const ended = this.names.withoutWaiting(() => this.endLeases());
      for (const name of ended) this.feed.tell({ kind: 'removed', name });
    } catch {
      // the file is busy: the leases are looked at again the next time
    }
  }

  /** @returns the names that were deleted, because their leases have ended */
  private endLeases(): readonly string[] {
    if (!this.names.hasEndedLeases()) return [];
    let ended: readonly string[] = [];
    this.names.transact(() => {
      if (this.stoodStillMs > 0) this.names.extendLeases(this.stoodStillMs);
      else ended = this.names.deleteEnded();
    });
    this.stoodStillMs = 0;
    return ended;
  }

  private read<Result>(query: () => Result): Result {
    try {
      return query();
    } catch (error) {
      throw this.failure(error);
    }
  }

  /**
   * Runs work in a transaction that no other process can write in. Work of the same turn shares one transaction: the disk is waited
   * for once, and an error is the error of all. So arguments are checked before: the error of a work must be one of the file.
   */
  private write<Result>(work: (changes: NameChange[]) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result;
      const run = (changes: NameChange[]): void => void (result = work(changes));
      this.waiting.push({ run, resolve: () => resolve(result), reject });
      this.working ??= this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      await nextTurn();
      const batch = this.waiting;
      this.waiting = [];
      const changes: NameChange[] = [];
      try {
        this.names.transact(() => {
          for (const { run } of batch) run(changes);
        });
      } catch (error) {
        for (const { reject } of batch) reject(this.failure(error));
        continue;
      }
      for (const change of changes) this.feed.tell(change);
      for (const { resolve } of batch) resolve();
    }
    // resolved at once: a caller may write again before a promise of this function resolves
    this.working = undefined;
  }

  private failure(error: unknown): Error {
    if (error instanceof NamingError) return error;
    return new NamingError(`the name server cannot use ${this.path}: ${(error as Error).message}`, { cause: error });
  }
}
