import type { NameRecord, PutOptions, RemoveOptions } from './name-store.js';
import { TableStore } from './table-store.js';

/** Keeps the registrations in memory: they are lost when the name server ends. */
export class MemoryNameStore extends TableStore {
  put(record: NameRecord, options: PutOptions): NameRecord | undefined {
    const obstacle = this.table.obstacleTo(record, options);
    if (obstacle === undefined) this.table.set(record);
    return obstacle;
  }

  setMetadata(name: string, metadata: ReadonlySet<string> | undefined): boolean {
    const record = this.table.get(name);
    if (record) this.table.set({ ...record, metadata });
    return record !== undefined;
  }

  remove(names: readonly string[], options: RemoveOptions): number {
    const removable = this.table.removable(names, options);
    for (const name of removable) this.table.delete(name);
    return removable.length;
  }
}
