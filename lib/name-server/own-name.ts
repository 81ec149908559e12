import type { Pending } from '../objects/keyed-instances.js';
import { NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { NameListeners } from './store/name-listeners.js';
import {
  afterwards,
  isSelected,
  type NameChange,
  type NameRecord,
  type NameSelection,
  type NameStore,
  type NamePutOptions,
  type NameRemoveOptions,
  type NameSetMetadataAnswer,
  type NameSetMetadataOptions,
} from './store/name-store.js';

/**
 * A store in which the name `Pyro.NameServer` is the name server's own.
 *
 * Each name server answers for this name itself, and does not write it into the store: several name servers may share a store, and each has
 * its own URI. A registration of this name that Pyro5's name server left in an SQLite file is ignored.
 */
export class StoreWithOwnName implements NameStore {
  private readonly listeners = new NameListeners();

  /** @param own the registration of the name server itself */
  constructor(
    private readonly store: NameStore,
    private own: NameRecord,
  ) {}

  get sharedId(): string | undefined {
    return this.store.sharedId;
  }

  get copiesRecords(): boolean {
    return this.store.copiesRecords ?? false;
  }

  get(name: string): Pending<NameRecord | undefined> {
    return name === NAME_SERVER_OBJECT_ID ? this.own : this.store.get(name);
  }

  put(record: NameRecord, options: NamePutOptions): Pending<NameRecord | undefined> {
    if (record.name !== NAME_SERVER_OBJECT_ID) return this.store.put(record, options);
    if (options.safe) return this.own;
    this.change(record);
    return undefined;
  }

  setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    options: NameSetMetadataOptions,
  ): Pending<NameSetMetadataAnswer> {
    if (name !== NAME_SERVER_OBJECT_ID) return this.store.setMetadata(name, metadata, options);
    this.change({ ...this.own, metadata });
    return 'done';
  }

  remove(names: readonly string[], options: NameRemoveOptions): Pending<number> {
    return this.store.remove(names.filter(isOther), options);
  }

  removeUnchanged(record: NameRecord): Pending<boolean> {
    return record.name === NAME_SERVER_OBJECT_ID ? false : this.store.removeUnchanged(record);
  }

  renew(owner: string, names: readonly string[]): Pending<string[]> {
    return this.store.renew(owner, names);
  }

  list(selection: NameSelection): Pending<NameRecord[]> {
    return afterwards(this.store.list(selection), (records) => {
      const found = isSelected(this.own, selection) ? [this.own] : [];
      for (const record of records) if (isOther(record.name)) found.push(record);
      return found;
    });
  }

  count(): Pending<number> {
    const [stored, left] = [this.store.count(), this.store.get(NAME_SERVER_OBJECT_ID)];
    const withOwn = (count: number, found: NameRecord | undefined): number => (found === undefined ? count + 1 : count);
    if (!(stored instanceof Promise) && !(left instanceof Promise)) return withOwn(stored, left);
    return Promise.all([stored, left]).then(([count, found]) => withOwn(count, found));
  }

  /** The name server's own registration does not count. */
  bytes(): Pending<number> {
    return this.store.bytes();
  }

  watch(listener: (change: NameChange) => void): () => void {
    const stopOwn = this.listeners.add(listener);
    const stop = this.store.watch((change) => {
      if (isOther(change.kind === 'removed' ? change.name : change.record.name)) listener(change);
    });
    return () => {
      stopOwn();
      stop();
    };
  }

  close(): Pending<void> {
    this.listeners.clear();
    return this.store.close();
  }

  private change(record: NameRecord): void {
    this.own = record;
    this.listeners.tell({ kind: 'registered', record });
  }
}

const isOther = (name: string): boolean => name !== NAME_SERVER_OBJECT_ID;
