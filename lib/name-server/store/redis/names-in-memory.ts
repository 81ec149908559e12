import { byName, nameDifferences } from '../name-differences.js';
import { NameListeners } from '../name-listeners.js';
import type { NameRecord } from '../name-store.js';
import { RecordIndex } from '../record-index.js';
import { type ChangeMessage, type RecordNumbers, recordOf, type StoredRecord, storedOf } from './redis-record.js';

/** The names of Redis as a name server knows them, and those who watch them. */
export class NamesInMemory {
  readonly listeners = new NameListeners();
  private current = new RecordIndex();
  private readonly numbers = new WeakMap<NameRecord, RecordNumbers>();

  get index(): RecordIndex {
    return this.current;
  }

  /** Number of the change that set a record. Undefined for a record that did not come from Redis. */
  changeOf(record: NameRecord): number | undefined {
    return this.numbers.get(record)?.seq;
  }

  /** The names as they are stored in Redis. */
  stored(): (readonly [name: string, record: StoredRecord])[] {
    return this.all().map((record) => [record.name, storedOf(record, this.numbers.get(record)!)] as const);
  }

  /** Takes over all names, and tells watchers the differences. */
  replace(stored: ReadonlyMap<string, StoredRecord>): void {
    const before = byName(this.all());
    const inOrder = [...stored].sort(([, one], [, other]) => one.order - other.order);
    this.current = new RecordIndex();
    for (const [name, record] of inOrder) this.set(name, record);
    for (const change of nameDifferences(before, byName(this.all()))) this.listeners.tell(change);
  }

  /** Applies changes, and tells watchers. */
  apply(changes: ChangeMessage['changes']): void {
    for (const [name, stored] of changes) {
      if (stored === null) {
        if (this.current.delete(name)) this.listeners.tell({ kind: 'removed', name });
        continue;
      }
      this.listeners.tell({ kind: 'registered', record: this.set(name, stored) });
    }
  }

  private all(): NameRecord[] {
    return this.current.all();
  }

  private set(name: string, stored: StoredRecord): NameRecord {
    const record = recordOf(name, stored);
    this.current.set(record);
    this.numbers.set(record, { order: stored.order, seq: stored.seq });
    return record;
  }
}
