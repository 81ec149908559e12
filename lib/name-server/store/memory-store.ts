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
import { TableStore } from './table-store.js';

/** Keeps the registrations in memory: they are lost when the name server ends. */
export class MemoryNameStore extends TableStore {
  put(record: NameRecord, options: NamePutOptions): NameRecord | undefined {
    const current = this.table.get(record.name);
    const decision = current ? decidePut(current, record, options, () => this.table.isOverdue(current)) : 'set';
    // a record of its own, which tells this registration from another one of the same record
    if (decision === 'set') this.table.set({ ...record });
    return decision === 'refused' ? current : undefined;
  }

  setMetadata(name: string, metadata: ReadonlySet<string> | undefined, options: NameSetMetadataOptions): NameSetMetadataAnswer {
    const record = this.table.get(name);
    if (record === undefined) return 'unknown';
    if (!areTagsFree(record, options)) return 'held';
    this.table.set({ ...record, metadata });
    return 'done';
  }

  remove(names: readonly string[], options: NameRemoveOptions): number {
    const removable = removableNames(names, options, (name) => this.table.get(name));
    for (const name of removable) this.table.delete(name);
    return removable.length;
  }

  removeUnchanged(record: NameRecord): boolean {
    if (this.table.get(record.name) !== record) return false;
    this.table.delete(record.name);
    return true;
  }
}
