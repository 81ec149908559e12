import type { Pending } from '../../objects/keyed-instances.js';
import { recordBytes, type NameRecord, type NameSelection } from './name-store.js';
import { selectInSlices } from './sliced-selection.js';

/** The names with some of several tags are put together when all names are so many times as many. Else all names are looked at. */
const FEW_TIMES = 4;

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

  /** All records, in the order of their registration. */
  all(): NameRecord[] {
    return [...this.records.values()];
  }

  /**
   * The selected records. Returns a promise only when it has to look at many names: it does so in slices. A record that changes meanwhile is
   * given as it was before or after the change.
   */
  list(selection: NameSelection): Pending<NameRecord[]> {
    if (selection.by === 'all') return this.all();
    if (selection.by === 'prefix') {
      const { prefix } = selection;
      return selectInSlices(this.all(), (record) => (record.name.startsWith(prefix) ? record : undefined));
    }
    // a tag that is asked for twice counts once
    const tags = [...new Set(selection.tags)];
    return selection.match === 'all' ? this.withAll(tags) : this.withAny(tags);
  }

  /** Looks at the names with the rarest tag only. */
  private withAll(tags: readonly string[]): Pending<NameRecord[]> {
    // rare tags first: most records have the first one not
    const sorted = this.byFrequency(tags).reverse();
    const [rarest] = sorted;
    return rarest === undefined ? [] : this.select(this.namesWith(rarest), ({ metadata }) => hasAll(metadata, sorted));
  }

  /** Looks at the names with each of the tags when they are few, or else at each name once, however many of the tags it has. */
  private withAny(tags: readonly string[]): Pending<NameRecord[]> {
    const known = this.byFrequency(tags).filter((tag) => this.namesByTag.has(tag));
    const asked = new Set(known);
    const isFound = ({ metadata }: NameRecord): boolean => hasAny(metadata, asked);
    if (known.length === 0) return [];
    if (known.length === 1) return this.select(this.namesWith(known[0]!), isFound);
    let found = 0;
    for (const tag of known) found += this.countOf(tag);
    if (found * FEW_TIMES > this.size) return selectInSlices(this.all(), (record) => (isFound(record) ? record : undefined));
    const seen = new Set<string>();
    return this.select(
      known.flatMap((tag) => this.namesWith(tag)),
      (record) => isFound(record) && seen.size < seen.add(record.name).size,
    );
  }

  /** The records with these names for which a test is true. */
  private select(names: readonly string[], isFound: (record: NameRecord) => boolean): Pending<NameRecord[]> {
    return selectInSlices(names, (name) => {
      const record = this.records.get(name);
      return record !== undefined && isFound(record) ? record : undefined;
    });
  }

  /** Tags, those of the most names first. */
  private byFrequency(tags: readonly string[]): string[] {
    return [...tags].sort((one, other) => this.countOf(other) - this.countOf(one));
  }

  private countOf(tag: string): number {
    const names = this.namesByTag.get(tag);
    return typeof names === 'string' ? 1 : (names?.size ?? 0);
  }

  private namesWith(tag: string): string[] {
    const names = this.namesByTag.get(tag) ?? [];
    return typeof names === 'string' ? [names] : [...names];
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
}

/** @param tags each once */
function hasAll(metadata: ReadonlySet<string> | undefined, tags: readonly string[]): boolean {
  return metadata !== undefined && metadata.size >= tags.length && tags.every((tag) => metadata.has(tag));
}

/** Takes as many steps as the smaller set has tags. */
function hasAny(metadata: ReadonlySet<string> | undefined, tags: ReadonlySet<string>): boolean {
  if (metadata === undefined) return false;
  const [few, many] = metadata.size < tags.size ? [metadata, tags] : [tags, metadata];
  for (const tag of few) if (many.has(tag)) return true;
  return false;
}
