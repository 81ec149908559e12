import type { Pending } from '../../objects/keyed-instances.js';
import type {
  NameChange,
  NameRecord,
  NameSelection,
  NameStore,
  NamePutOptions,
  NameRemoveOptions,
  NameSetMetadataAnswer,
  NameSetMetadataOptions,
} from './name-store.js';
import { NameTable } from './name-table.js';

/** The common part of the stores that have all registrations in a table in memory: every method that only reads, and leases. */
export abstract class TableStore implements NameStore {
  protected readonly table = new NameTable((names) => this.expired(names));

  abstract put(record: NameRecord, options: NamePutOptions): Pending<NameRecord | undefined>;
  abstract setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    options: NameSetMetadataOptions,
  ): Pending<NameSetMetadataAnswer>;
  abstract remove(names: readonly string[], options: NameRemoveOptions): Pending<number>;
  abstract removeUnchanged(record: NameRecord): Pending<boolean>;

  get(name: string): NameRecord | undefined {
    return this.table.get(name);
  }

  renew(owner: string, names: readonly string[]): string[] {
    return this.table.renew(owner, names);
  }

  list(selection: NameSelection): Pending<NameRecord[]> {
    return this.table.list(selection);
  }

  count(): number {
    return this.table.size;
  }

  bytes(): number {
    return this.table.bytes;
  }

  watch(listener: (change: NameChange) => void): () => void {
    return this.table.watch(listener);
  }

  close(): Pending<void> {
    this.table.close();
  }

  /** Called with the names whose leases have ended, after they were removed. */
  protected expired(_names: readonly string[]): void {}
}
