import type { NameChange, NameRecord, NameSelection, NameStore, PutOptions, RemoveOptions } from './name-store.js';
import { NameTable } from './name-table.js';

/** Keeps the registrations in memory: they are lost when the name server ends. */
export class MemoryNameStore implements NameStore {
  private readonly table = new NameTable();

  get(name: string): NameRecord | undefined {
    return this.table.get(name);
  }

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

  renew(owner: string, names: readonly string[]): string[] {
    return this.table.renew(owner, names);
  }

  list(selection: NameSelection): NameRecord[] {
    return this.table.list(selection);
  }

  count(): number {
    return this.table.size;
  }

  watch(listener: (change: NameChange) => void): () => void {
    return this.table.watch(listener);
  }

  close(): void {
    this.table.close();
  }
}
