import { outsideOfCalls } from '../../calls/async-context.js';
import type { Pending } from '../../objects/keyed-instances.js';
import { LeaseClock } from './lease-clock.js';
import { NameListeners } from './name-listeners.js';
import type { NameChange, NameRecord, NameSelection } from './name-store.js';
import { RecordIndex } from './record-index.js';

/** Pause between two checks of the leases. */
const SWEEP_MS = 1_000;
/** Names with ended leases that are removed in one turn of the event loop. Watches take up to 1,000 changes of others in a turn. */
const SWEPT_AT_ONCE = 500;

/** The registrations of a name server in memory, and the ends of their leases. */
export class NameTable {
  private readonly records = new RecordIndex();
  private readonly clock = new LeaseClock();
  /** Ends of the leases by name, by the clock. A name whose lease has ended is there until the next look at the leases. */
  private readonly leaseEnds = new Map<string, number>();
  private readonly listeners = new NameListeners();
  private sweeper: NodeJS.Timeout | undefined;

  /** @param onExpired called with the names whose leases have ended, after they were removed */
  constructor(private readonly onExpired: (names: readonly string[]) => void = () => undefined) {}

  get size(): number {
    return this.records.size;
  }

  /** Bytes of all registrations together. */
  get bytes(): number {
    return this.records.bytes;
  }

  get(name: string): NameRecord | undefined {
    return this.records.get(name);
  }

  /** True when half of the lease of a name, or more, is over. */
  isOverdue({ name, lease }: NameRecord): boolean {
    // a record that is not in the table yet has a new lease
    if (lease === undefined || lease !== this.records.get(name)?.lease) return false;
    return this.leaseEnds.get(name)! - this.clock.now() <= lease.ttlMs / 2;
  }

  /** Sets a record, even if another record is in the way. */
  set(record: NameRecord): void {
    const { name, lease } = record;
    const previous = this.records.get(name);
    this.records.set(record);
    // new tags do not make a lease longer
    if (lease === undefined) this.leaseEnds.delete(name);
    else if (lease !== previous?.lease) this.beginLease(name, lease.ttlMs);
    this.listeners.tell({ kind: 'registered', record });
  }

  delete(name: string): void {
    this.leaseEnds.delete(name);
    if (this.records.delete(name)) this.listeners.tell({ kind: 'removed', name });
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

  all(): NameRecord[] {
    return this.records.all();
  }

  /** The selected records: at once, or in slices when many names are looked at. */
  list(selection: NameSelection): Pending<NameRecord[]> {
    return this.records.list(selection);
  }

  watch(listener: (change: NameChange) => void): () => void {
    return this.listeners.add(listener);
  }

  close(): void {
    clearInterval(this.sweeper);
    this.sweeper = undefined;
    this.listeners.clear();
  }

  private beginLease(name: string, ttlMs: number): void {
    this.leaseEnds.set(name, this.clock.now() + ttlMs);
    this.sweeper ??= outsideOfCalls(() => setInterval(() => this.sweep(), SWEEP_MS).unref());
  }

  /** Removes the names whose leases have ended. */
  private sweep(): void {
    // closed meanwhile
    if (this.sweeper === undefined) return;
    const now = this.clock.now();
    const ended: string[] = [];
    for (const [name, end] of this.leaseEnds) {
      if (end > now) continue;
      ended.push(name);
      if (ended.length === SWEPT_AT_ONCE) break;
    }
    for (const name of ended) this.delete(name);
    if (ended.length > 0) this.onExpired(ended);
    if (ended.length === SWEPT_AT_ONCE) setImmediate(() => this.sweep()).unref();
    if (this.leaseEnds.size > 0) return;
    clearInterval(this.sweeper);
    this.sweeper = undefined;
  }
}
