import { byName, nameDifferences } from '../name-differences.js';
import { NameListeners } from '../name-listeners.js';
import type { NameChange, NameRecord } from '../name-store.js';
import type { SqlNames } from './sql-names.js';

/** Pause between two checks whether another process has changed the file. */
const POLL_MS = 500;

/**
 * Tells watchers of the changes of an SQLite file: changes of this process at once, changes of other processes soon.
 *
 * It keeps the names in memory while somebody watches: SQLite tells that the file has changed, but not the change.
 */
export class SqlWatch {
  private readonly listeners = new NameListeners();
  private known = new Map<string, NameRecord>();
  private version = 0;
  private poller: NodeJS.Timeout | undefined;

  constructor(private readonly names: SqlNames) {}

  add(listener: (change: NameChange) => void): () => void {
    if (this.listeners.size === 0) this.start();
    const stop = this.listeners.add(listener);
    return () => {
      stop();
      if (this.listeners.size === 0) this.stop();
    };
  }

  /** Tells of a change that this process has made. */
  tell(change: NameChange): void {
    if (this.listeners.size === 0) return;
    if (change.kind === 'removed') this.known.delete(change.name);
    else this.known.set(change.record.name, change.record);
    this.listeners.tell(change);
  }

  close(): void {
    this.listeners.clear();
    this.stop();
  }

  private start(): void {
    this.version = this.names.version();
    this.known = byName(this.names.list({ by: 'all' }));
    this.poller = setInterval(() => this.poll(), POLL_MS).unref();
  }

  private stop(): void {
    clearInterval(this.poller);
    this.known.clear();
  }

  private poll(): void {
    try {
      const changes = this.names.withoutWaiting(() => this.findChanges());
      for (const change of changes) this.tell(change);
    } catch {
      // the file is busy: the next check finds the same changes
    }
  }

  private findChanges(): NameChange[] {
    const version = this.names.version();
    if (version === this.version) return [];
    const now = byName(this.names.list({ by: 'all' }));
    this.version = version;
    return nameDifferences(this.known, now);
  }
}
