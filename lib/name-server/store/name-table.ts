import {
  isInTheWay,
  isRemovable,
  type NameChange,
  type NameRecord,
  type NameSelection,
  type PutOptions,
  type RemoveOptions,
} from './name-store.js';

/** Pause between two looks at the leases. */
const SWEEP_MS = 1_000;

/** The registrations of a name server in memory, with an index of their tags, and the ends of their leases. */
export class NameTable {
  private readonly records = new Map<string, NameRecord>();
  private readonly namesByTag = new Map<string, Set<string>>();
  /** Ends of the leases by name, in the milliseconds of `performance.now()`. */
  private readonly leaseEnds = new Map<string, number>();
  private readonly listeners = new Set<(change: NameChange) => void>();
  private sweeper: NodeJS.Timeout | undefined;

  /** @param onExpired called with the names whose leases have ended, after they were removed */
  constructor(private readonly onExpired: (names: readonly string[]) => void = () => undefined) {}

  /** May count names whose leases ended less than a second ago. */
  get size(): number {
    return this.records.size;
  }

  get(name: string): NameRecord | undefined {
    if (this.hasEnded(name)) this.sweep();
    return this.records.get(name);
  }

  /** @returns the record that is in the way of this one; undefined when this one may be set */
  obstacleTo(record: NameRecord, options: PutOptions): NameRecord | undefined {
    const current = this.get(record.name);
    return current !== undefined && isInTheWay(current, record, options) ? current : undefined;
  }

  /** Sets a record, whatever stands in its way. */
  set(record: NameRecord): void {
    const { name, metadata, lease } = record;
    const previous = this.records.get(name);
    this.forgetTags(name);
    this.records.set(name, record);
    for (const tag of metadata ?? []) {
      const names = this.namesByTag.get(tag);
      if (names) names.add(name);
      else this.namesByTag.set(tag, new Set([name]));
    }
    // new tags do not make a lease longer
    if (lease === undefined) this.leaseEnds.delete(name);
    else if (lease !== previous?.lease) this.beginLease(name, lease.ttlMs);
    this.tell({ kind: 'registered', record });
  }

  /** The registered names among these that may be removed. */
  removable(names: readonly string[], options: RemoveOptions): string[] {
    const found = new Set<string>();
    for (const name of names) {
      const record = this.get(name);
      if (record && isRemovable(record, options)) found.add(name);
    }
    return [...found];
  }

  delete(name: string): void {
    this.forgetTags(name);
    this.leaseEnds.delete(name);
    if (this.records.delete(name)) this.tell({ kind: 'removed', name });
  }

  /** @returns the names that the owner holds no lease of */
  renew(owner: string, names: readonly string[]): string[] {
    const lost: string[] = [];
    for (const name of names) {
      const lease = this.get(name)?.lease;
      if (lease?.owner === owner) this.beginLease(name, lease.ttlMs);
      else lost.push(name);
    }
    return lost;
  }

  /** May give names whose leases ended less than a second ago. */
  list(selection: NameSelection): NameRecord[] {
    if (selection.by === 'all') return [...this.records.values()];
    if (selection.by === 'tags') return this.withTags(selection.tags, selection.match);
    const found: NameRecord[] = [];
    for (const record of this.records.values()) if (record.name.startsWith(selection.prefix)) found.push(record);
    return found;
  }

  watch(listener: (change: NameChange) => void): () => void {
    // two watchers may be the same function
    const own = (change: NameChange): void => listener(change);
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  close(): void {
    clearInterval(this.sweeper);
    this.sweeper = undefined;
    this.listeners.clear();
  }

  /** Records in the order of the table. Looks at the names with the rarest tag only, or at those with any of the tags. */
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

  private forgetTags(name: string): void {
    for (const tag of this.records.get(name)?.metadata ?? []) {
      const names = this.namesByTag.get(tag)!;
      names.delete(name);
      if (names.size === 0) this.namesByTag.delete(tag);
    }
  }

  private beginLease(name: string, ttlMs: number): void {
    this.leaseEnds.set(name, performance.now() + ttlMs);
    this.sweeper ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  private hasEnded(name: string): boolean {
    const end = this.leaseEnds.get(name);
    return end !== undefined && end <= performance.now();
  }

  /** Removes the names whose leases have ended. */
  private sweep(): void {
    if (this.leaseEnds.size === 0) return;
    const ended = [...this.leaseEnds.keys()].filter((name) => this.hasEnded(name));
    for (const name of ended) this.delete(name);
    if (ended.length > 0) this.onExpired(ended);
    if (this.leaseEnds.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }

  private tell(change: NameChange): void {
    for (const listener of this.listeners) listener(change);
  }
}
