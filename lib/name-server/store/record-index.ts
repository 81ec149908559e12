import { bytesOf, type NameRecord, type NameSelection } from './name-store.js';

/** Registrations in memory, with an index of their tags, without leases. */
export class RecordIndex {
  private readonly records = new Map<string, NameRecord>();
  private readonly namesByTag = new Map<string, Set<string>>();

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
    this.bytes += bytesOf(record);
    for (const tag of record.metadata ?? []) {
      const names = this.namesByTag.get(tag);
      if (names) names.add(record.name);
      else this.namesByTag.set(tag, new Set([record.name]));
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
    const sets = tags.map((tag) => this.namesByTag.get(tag));
    if (match === 'any') {
      const names = new Set(sets.flatMap((set) => (set ? [...set] : [])));
      return [...names].map((name) => this.records.get(name)!);
    }
    if (sets.includes(undefined)) return [];
    const [rarest, ...others] = (sets as Set<string>[]).sort((one, other) => one.size - other.size);
    const names = [...(rarest ?? [])].filter((name) => others.every((set) => set.has(name)));
    return names.map((name) => this.records.get(name)!);
  }

  /** Takes a name out of the tags and the bytes. */
  private forget(name: string): void {
    const record = this.records.get(name);
    if (record === undefined) return;
    this.bytes -= bytesOf(record);
    for (const tag of record.metadata ?? []) {
      const names = this.namesByTag.get(tag)!;
      names.delete(name);
      if (names.size === 0) this.namesByTag.delete(tag);
    }
  }
}
