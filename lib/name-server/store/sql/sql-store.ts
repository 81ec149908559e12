import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pending } from '../../../objects/keyed-instances.js';
import { configError } from '../../../options/option-checks.js';
import { NamingError } from '../../../protocol/errors.js';
import {
  areTagsFree,
  decidePut,
  isSelected,
  type NameChange,
  type NameRecord,
  type NameSelection,
  type NameStore,
  type NamePutOptions,
  type NameRemoveOptions,
  type NameSetMetadataAnswer,
  type NameSetMetadataOptions,
} from '../name-store.js';
import { SLICE_MS, TimeSlices } from '../time-slices.js';
import { countedMs } from '../lease-clock.js';
import { leaseClockMs, SqlNames } from './sql-names.js';
import type { NameRange } from './sql-selection.js';
import { idsByTags, type TagSelection } from './sql-tag-search.js';
import { type SqlChange, SqlWatch } from './sql-watch.js';
import { checkUtf8, hasUtf8 } from '../stored-text.js';

/** Pause between two checks of the leases. */
const SWEEP_MS = 1_000;

/** Names that are removed or renewed in one step, at most, and of a list that is made in one step: other calls are served between two steps. */
const NAMES_AT_ONCE = 500;
/** Names of a larger list that are read in one step: with 100 tags each they take some 3 ms. */
const LISTED_AT_ONCE = 100;

/** Leases that are made longer, because nobody could renew them. */
interface Extension {
  readonly byMs: number;
  /** Leases that began later stay as they are, by the clock of the leases. */
  readonly before: number;
  /** The last id whose lease is longer already. */
  after: number;
}

/** Work on the names that waits for the next transaction. */
interface PendingSqlWork {
  /** Adds the changes that it makes to a list. */
  readonly run: (changes: SqlChange[]) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Keeps the registrations in an SQLite file with the tables of Pyro5's name server. Several processes may use the file, `pyro5-ns`
 * included. An acknowledged change is on the disk.
 *
 * A lease begins anew when the file is opened.
 *
 * A list, removal or renewal of more than 500 names is done in several steps, as is a search by tags.
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
  /** Goes on with the next check of the leases when the file was busy. */
  private extension: Extension | undefined;
  private isSweeping = false;
  private waiting: PendingSqlWork[] = [];
  private working: Promise<void> | undefined;

  private constructor(
    private readonly path: string,
    private readonly names: SqlNames,
    private readonly sliceMs: number,
  ) {
    this.feed = new SqlWatch(names, sliceMs);
    this.sharedId = createHash('sha256')
      .update(`${hostname()}:${realpathSync(path)}`)
      .digest('hex');
    this.sweeper = setInterval(() => void this.sweep(), SWEEP_MS).unref();
  }

  /**
   * @param sliceMs time for which many names are worked on before others are served. Default 5
   * @throws {PyroError} `CONFIG`, on a Node without SQLite, or when the file is no SQLite file or cannot be opened
   */
  static open(path: string, sliceMs = SLICE_MS): SqlNameStore {
    try {
      return new SqlNameStore(path, SqlNames.open(path), sliceMs);
    } catch (error) {
      if ((error as { code?: string }).code === 'CONFIG') throw error;
      throw configError(`storage: cannot open sql:${path}: ${(error as Error).message}`, error as Error);
    }
  }

  get(name: string): NameRecord | undefined {
    return this.read(() => this.names.get(name));
  }

  async put(record: NameRecord, options: NamePutOptions): Promise<NameRecord | undefined> {
    checkUtf8(record);
    return this.write((changes) => {
      const current = this.names.get(record.name);
      const decision = current ? decidePut(current, record, options, () => this.names.isOverdue(record.name)) : 'set';
      if (decision === 'refused') return current;
      if (decision === 'kept') return undefined;
      this.names.set(record);
      changes.push({ change: { kind: 'registered', record }, number: this.names.lastNumber() });
      return undefined;
    });
  }

  async setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    options: NameSetMetadataOptions,
  ): Promise<NameSetMetadataAnswer> {
    if (!hasUtf8(name)) return 'unknown';
    checkUtf8({ name, uri: '', metadata, lease: undefined });
    return this.write((changes) => {
      const current = this.names.get(name);
      if (current === undefined) return 'unknown';
      if (!areTagsFree(current, options)) return 'held';
      const record = { ...current, metadata };
      this.names.changeTags(record);
      changes.push({ change: { kind: 'registered', record }, number: this.names.lastNumber() });
      return 'done';
    });
  }

  async remove(names: readonly string[], options: NameRemoveOptions): Promise<number> {
    let removed = 0;
    for (const some of parts(names.filter(hasUtf8))) {
      removed += await this.write((changes) => this.delete(some, options, changes));
    }
    return removed;
  }

  removeUnchanged(record: NameRecord): Promise<boolean> {
    return this.write((changes) => {
      if (!this.names.isUnchanged(record)) return false;
      return this.delete([record.name], { takeover: true }, changes) > 0;
    });
  }

  async renew(owner: string, names: readonly string[]): Promise<string[]> {
    const lost = new Set(names.filter((name) => !hasUtf8(name)));
    for (const some of parts(names.filter(hasUtf8))) {
      for (const name of await this.write(() => this.names.renew(owner, some))) lost.add(name);
    }
    return names.filter((name) => lost.has(name));
  }

  list(selection: NameSelection): Pending<NameRecord[]> {
    // a watch tells of each change after its first list
    const ready = this.feed.ready();
    if (ready === undefined) return this.listNow(selection);
    return ready.then(
      () => this.listNow(selection),
      (error: unknown) => {
        throw this.failure(error);
      },
    );
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

  private listNow(selection: NameSelection): Pending<NameRecord[]> {
    const number = this.read(() => this.names.lastNumber());
    if (selection.by === 'tags') return this.listByTags(selection, number);
    const ids = this.read(() => this.names.ids(selection));
    return ids.length <= NAMES_AT_ONCE ? this.read(() => this.names.records(ids)) : this.listInParts(ids, number, selection);
  }

  private async listByTags(selection: TagSelection, number: number): Promise<NameRecord[]> {
    let ids: number[];
    try {
      ids = await idsByTags(this.names, selection, new TimeSlices(this.sliceMs));
    } catch (error) {
      throw this.failure(error);
    }
    return this.listInParts(ids, number, selection);
  }

  /** @param number the last registration before the ids were read */
  private async listInParts(ids: readonly number[], number: number, selection: NameSelection): Promise<NameRecord[]> {
    const found = new Map<string, NameRecord>();
    const slices = new TimeSlices(this.sliceMs);
    for (const some of parts(ids, LISTED_AT_ONCE)) {
      // a name may have changed, or another one may have its id
      for (const record of this.read(() => this.names.records(some)))
        if (isSelected(record, selection)) found.set(record.name, record);
      if (slices.isOver) await slices.next();
    }
    // pyro5-ns gives a name another id when it registers the name again
    const range: NameRange = selection.by === 'tags' ? { by: 'all' } : selection;
    const hasChanged = this.read(() => this.names.lastNumber()) !== number;
    for (let last = hasChanged ? number : undefined; last !== undefined;) {
      const since: number = last;
      const some = this.read(() => this.names.recordsSince(since, range, NAMES_AT_ONCE));
      for (const record of some) if (isSelected(record, selection)) found.set(record.name, record);
      last = some.length < NAMES_AT_ONCE ? undefined : this.names.numberOf(some.at(-1)!);
      if (slices.isOver) await slices.next();
    }
    return [...found.values()];
  }

  private delete(names: readonly string[], options: NameRemoveOptions, changes: SqlChange[]): number {
    const deleted = this.names.delete(names, options);
    for (const name of deleted) changes.push({ change: { kind: 'removed', name } });
    return deleted.length;
  }

  private async sweep(): Promise<void> {
    this.noteStandstill();
    if (this.isSweeping) return;
    this.isSweeping = true;
    try {
      while (this.stoodStillMs > 0) await this.extendLeases();
      await this.endLeases();
    } catch {
      // the file is busy: the leases are looked at again the next time
    } finally {
      this.isSweeping = false;
    }
  }

  private noteStandstill(): void {
    const now = leaseClockMs();
    this.stoodStillMs += now - this.sweptAt - countedMs(now - this.sweptAt);
    this.sweptAt = now;
  }

  /** Makes the leases longer that nobody could renew while this process stood still. */
  private async extendLeases(): Promise<void> {
    const extension = (this.extension ??= { byMs: this.stoodStillMs, before: this.sweptAt, after: 0 });
    const { byMs, before } = extension;
    const slices = new TimeSlices(this.sliceMs);
    for (;;) {
      const last = this.names.withoutWaiting(() => this.names.extendLeases(byMs, before, extension.after, NAMES_AT_ONCE));
      if (last === undefined) break;
      extension.after = last;
      if (slices.isOver) await slices.next();
    }
    this.extension = undefined;
    this.stoodStillMs -= byMs;
  }

  /** Removes the names whose leases have ended. */
  private async endLeases(): Promise<void> {
    const slices = new TimeSlices(this.sliceMs);
    let ended: readonly (string | null)[] = [];
    do {
      this.noteStandstill();
      if (this.stoodStillMs > 0 || !this.names.withoutWaiting(() => this.names.hasEndedLeases())) return;
      this.names.withoutWaiting(() => this.names.transact(() => (ended = this.names.deleteEnded(NAMES_AT_ONCE))));
      for (const name of ended) if (name !== null) this.feed.tell({ change: { kind: 'removed', name } });
      if (slices.isOver) await slices.next();
    } while (ended.length === NAMES_AT_ONCE);
  }

  private read<Result>(query: () => Result): Result {
    try {
      return query();
    } catch (error) {
      throw this.failure(error);
    }
  }

  /**
   * Runs work in a transaction that no other process can write in. Work of the same turn shares one transaction, until a slice of time is
   * over: the disk is waited for once, and an error is the error of all. So arguments are checked before: the error of a work must be one of
   * the file.
   */
  private write<Result>(work: (changes: SqlChange[]) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let result: Result;
      const run = (changes: SqlChange[]): void => void (result = work(changes));
      this.waiting.push({ run, resolve: () => resolve(result), reject });
      this.working ??= this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      await nextTurn();
      const changes: SqlChange[] = [];
      let ran = 0;
      try {
        this.names.transact(() => {
          const slices = new TimeSlices(this.sliceMs);
          do this.waiting[ran++]!.run(changes);
          while (ran < this.waiting.length && !slices.isOver);
        });
      } catch (error) {
        // the file may be busy from the beginning: then nothing can be done
        const failure = this.failure(error);
        for (const { reject } of this.waiting.splice(0, ran || this.waiting.length)) reject(failure);
        continue;
      }
      const done = this.waiting.splice(0, ran);
      for (const change of changes) this.feed.tell(change);
      for (const { resolve } of done) resolve();
    }
    // resolved at once: a caller may write again before a promise of this function resolves
    this.working = undefined;
  }

  private failure(error: unknown): Error {
    if (error instanceof NamingError) return error;
    return new NamingError(`the name server cannot use ${this.path}: ${(error as Error).message}`, { cause: error });
  }
}

function* parts<Item>(items: readonly Item[], size = NAMES_AT_ONCE): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
