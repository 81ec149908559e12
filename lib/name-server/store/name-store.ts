import type { Pending } from '../../objects/keyed-instances.js';

/** The right to a name for a limited time, which its owner renews. */
export interface NameLease {
  /** Random id of the program that registered the name. Only this program renews the lease. */
  readonly owner: string;
  /** Time after which the name is removed if its owner does not renew the lease. */
  readonly ttlMs: number;
}

/** A registration of a name server. */
export interface NameRecord {
  readonly name: string;
  readonly uri: string;
  /** Metadata tags. Undefined when the name was registered without tags, which Python tells from an empty set. */
  readonly metadata: ReadonlySet<string> | undefined;
  /** Undefined for a registration without lease: it stays until it is removed. */
  readonly lease: NameLease | undefined;
}

/** Selects records: by the beginning of the name, by tags, or all. */
export type NameSelection =
  | { readonly by: 'all' }
  | { readonly by: 'prefix'; readonly prefix: string }
  | { readonly by: 'tags'; readonly tags: readonly string[]; readonly match: 'all' | 'any' };

/** A change of a name. */
export type NameChange =
  { readonly kind: 'registered'; readonly record: NameRecord } | { readonly kind: 'removed'; readonly name: string };

export interface PutOptions {
  /** Refuse a name that is registered already. */
  readonly safe: boolean;
  /** Take a name even if another program holds a lease of it. */
  readonly takeover: boolean;
}

/** Options of a removal. */
export interface RemoveOptions {
  /** Owner whose leased names are removed as well. */
  readonly owner?: string;
  /** Remove names even if another program holds a lease of them. */
  readonly takeover: boolean;
}

/**
 * Keeps the registrations of a name server. Several name servers may use the same store if it has a {@link sharedId}.
 *
 * Every method is atomic: no other call to the store, of any name server, sees or changes a part of its work. A method that returns no
 * promise has ended when it returns.
 *
 * A lease ends by itself: from then on the name is free, and watchers are told that it is removed.
 *
 * Every method throws a NamingError when the store fails.
 */
export interface NameStore {
  /** The same text for all name servers that use the store together, and for no others. Undefined: one name server uses the store. */
  readonly sharedId?: string | undefined;
  /** The registration of a name; undefined when there is none. */
  get(name: string): NameRecord | undefined | Promise<NameRecord | undefined>;
  /**
   * Registers a name, or changes its registration.
   *
   * @returns undefined when the record was put; else the record that is in the way, see {@link isInTheWay}
   */
  put(record: NameRecord, options: PutOptions): NameRecord | undefined | Promise<NameRecord | undefined>;
  /** Replaces the tags of a name. @returns false when the name is not registered */
  setMetadata(name: string, metadata: ReadonlySet<string> | undefined): boolean | Promise<boolean>;
  /** Removes names. Ignores names that are not registered, and names whose lease another program holds. @returns the number of removed names */
  remove(names: readonly string[], options: RemoveOptions): number | Promise<number>;
  /** Restarts the leases of these names. @returns the names of which the owner holds no lease */
  renew(owner: string, names: readonly string[]): string[] | Promise<string[]>;
  /** The selected records, in the order of their registration if the store knows the order. */
  list(selection: NameSelection): NameRecord[] | Promise<NameRecord[]>;
  /** Number of registrations. */
  count(): number | Promise<number>;
  /** Calls `listener` after each change. @returns ends the calls */
  watch(listener: (change: NameChange) => void): () => void;
  /** Ends the use of the store. Acknowledged changes stay, except in a store in memory. */
  close(): void | Promise<void>;
}

/**
 * True when a registration keeps another registration from being put.
 *
 * A name with a lease belongs to its owner while the lease lasts. The same URI may be registered again: only one server can listen at
 * its address, so this server has started again.
 */
export function isInTheWay(current: NameRecord, next: NameRecord, { safe, takeover }: PutOptions): boolean {
  if (current.lease !== undefined && current.lease.owner === next.lease?.owner) return false;
  if (safe) return true;
  return current.lease !== undefined && current.uri !== next.uri && !takeover;
}

/** True when a registration may be removed. */
export function isRemovable({ lease }: NameRecord, { owner, takeover }: RemoveOptions): boolean {
  return lease === undefined || takeover || lease.owner === owner;
}

/** Calls `then` with the answer of a store. Returns a promise only when the answer is a promise. */
export function afterwards<Answer, Result>(answer: Pending<Answer>, change: (answer: Answer) => Result): Pending<Result> {
  return answer instanceof Promise ? answer.then(change) : change(answer);
}
