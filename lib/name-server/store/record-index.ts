import { recordBytes, type NameRecord, type NameSelection } from './name-store.js';

/** Registrations in memory, with an index of their tags, without leases. */
export class RecordIndex {
  private readonly records = new Map<string, NameRecord>();
  /** The name with a tag, or the names. A set of one name takes 200 bytes and more. */
  private readonly namesByTag = new Map<string, string | Set<string>>();

  /** Bytes of all registrations together. */
  bytes = 0;

  get size(): number {
    return this.records.size;
  }

  get(name: string): NameRecord | undefined {
    return this.records.get(name);
  }

  /** A name that is set again keeps its position. */
  set(record: NameRecord): void {
    this.forget(record.name);
    this.records.set(record.name, record);
    this.bytes += recordBytes(record);
    for (const tag of record.metadata ?? []) {
      const names = this.namesByTag.get(tag);
      if (names === undefined) this.namesByTag.set(tag, record.name);
      else if (typeof names === 'string') this.namesByTag.set(tag, new Set([names, record.name]));
      else names.add(record.name);
    }
  }

  /** @returns false when there is no such name */
  delete(name: string): boolean {
    this.forget(name);
    return this.records.delete(name);
  }

  list(selection: NameSelection): NameRecord[] {
    if (selection.by === 'all') return [...this.records.values()];
    if (selection.by === 'tags') return this.withTags(selection.tags, selection.match);
    const found: NameRecord[] = [];
    for (const record of this.records.values()) if (record.name.startsWith(selection.prefix)) found.push(record);
    return found;
  }

  /** Finds records by tags. For `all`, only the names with the rarest tag are looked at; for `any`, the names with any of the tags. */
  private withTags(tags: readonly string[], match: 'all' | 'any'): NameRecord[] {
    const sets = tags.map((tag) => this.namesWith(tag));
    const found: NameRecord[] = [];
    if (match === 'any') {
      const known = sets.filter((set) => set !== undefined);
      const [only = new Set<string>()] = known;
      const names = known.length > 1 ? new Set(known.flatMap((set) => [...set])) : only;
      for (const name of names) found.push(this.records.get(name)!);
      return found;
    }
    if (sets.includes(undefined)) return [];
    const [rarest, ...others] = (sets as ReadonlySet<string>[]).sort((one, other) => one.size - other.size);
    for (const name of rarest ?? []) if (others.every((set) => set.has(name))) found.push(this.records.get(name)!);
    return found;
  }

  /** Takes a name out of the tags and the bytes. */
  private forget(name: string): void {
    const record = this.records.get(name);
    if (record === undefined) return;
    this.bytes -= recordBytes(record);
    for (const tag of record.metadata ?? []) {
      const names = this.namesByTag.get(tag)!;
      if (typeof names === 'string') this.namesByTag.delete(tag);
      else if (names.delete(name) && names.size === 0) this.namesByTag.delete(tag);
    }
  }

  private namesWith(tag: string): ReadonlySet<string> | undefined {
    const names = this.namesByTag.get(tag);
    return typeof names === 'string' ? new Set([names]) : names;
  }
}
