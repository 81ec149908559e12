import { isWide } from '../../serpent/costs/value-costs.js';
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
  /** The name. */
  readonly name: string;
  /** URI of the object, as a text. */
  readonly uri: string;
  /** Metadata tags. Undefined when the name was registered without tags, which Python tells from an empty set. */
  readonly metadata: ReadonlySet<string> | undefined;
  /** Undefined for a registration without lease: it stays until it is removed. */
  readonly lease: NameLease | undefined;
}

/** Selects records: by the beginning of the name, by tags, or all. */
export type NameSelection =
  | {
      /** Selects all records. */
      readonly by: 'all';
    }
  | {
      /** Selects records whose names begin with `prefix`. */
      readonly by: 'prefix';
      /** Beginning of the names, in upper and lower case as it is written. The empty text selects all. */
      readonly prefix: string;
    }
  | {
      /** Selects records by their metadata tags. */
      readonly by: 'tags';
      /** The tags to look for. */
      readonly tags: readonly string[];
      /** `all`: a record has to have each of the tags. `any`: one of them is enough. */
      readonly match: 'all' | 'any';
    };

/** A change of a name. */
export type NameChange =
  | {
      /** The name was registered, or its registration changed. */
      readonly kind: 'registered';
      /** The registration from now on. */
      readonly record: NameRecord;
    }
  | {
      /** The name was removed, or its lease has ended. */
      readonly kind: 'removed';
      /** The name that is free now. */
      readonly name: string;
    };

/** Options of {@link NameStore.put}. */
export interface NamePutOptions {
  /** Refuse a name that is registered already. */
  readonly safe: boolean;
  /** Take a name even if another program holds a lease of it. */
  readonly takeover: boolean;
}

/** Conditions of a replacement of tags. */
export interface NameSetMetadataOptions {
  /** Change the tags of a name also while a program holds a lease of it. */
  readonly takeover: boolean;
}

/** How the tags of a name were replaced: they were; or the name is not registered, or a program holds a lease of it. */
export type NameSetMetadataAnswer = 'done' | 'unknown' | 'held';

/** Who removes names. */
export interface NameRemoveOptions {
  /** Owner whose leased names are removed as well. */
  readonly owner?: string;
  /** Remove names even if another program holds a lease of them. */
  readonly takeover: boolean;
}

/**
 * Keeps the registrations of a name server. Several name servers may use the same store if it has a {@link sharedId}.
 *
 * Every method but `list` is atomic: no other call to the store, of any name server, sees or changes a part of its work. A method that returns no
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
   * @returns undefined when it is done; or the record that is in the way: with `safe` any other registration of the name, else one whose lease
   *   another program holds
   */
  put(record: NameRecord, options: NamePutOptions): NameRecord | undefined | Promise<NameRecord | undefined>;
  /** Replaces the tags of a name. */
  setMetadata(
    name: string,
    metadata: ReadonlySet<string> | undefined,
    options: NameSetMetadataOptions,
  ): NameSetMetadataAnswer | Promise<NameSetMetadataAnswer>;
  /** Removes names. Names that are not registered, and those whose lease another program holds, are left out. @returns the number of removed names */
  remove(names: readonly string[], options: NameRemoveOptions): number | Promise<number>;
  /**
   * Removes a registration that this store has given, if nobody has registered its name or set its tags since, not even with the same
   * values.
   *
   * @returns false when it has changed, or is gone
   */
  removeUnchanged(record: NameRecord): boolean | Promise<boolean>;
  /** Restarts the leases of these names. @returns the names of which the owner holds no lease */
  renew(owner: string, names: readonly string[]): string[] | Promise<string[]>;
  /**
   * The selected records, in the order of their registration if the store knows the order.
   *
   * A list of many names may be made in steps: then a name that changes meanwhile is given as it was before or after the change, and each
   * name that is selected all the time is given once.
   */
  list(selection: NameSelection): NameRecord[] | Promise<NameRecord[]>;
  /** True for a store whose lists have records of their own, with their memory. Default: the store has the records itself. */
  readonly copiesRecords?: boolean;
  /** Number of registrations. */
  count(): number | Promise<number>;
  /** Bytes of all registrations together, as `maxStoredBytes` counts them: the texts, and an overhead for each name, tag and lease. */
  bytes(): number | Promise<number>;
  /** Calls `listener` after each change. @returns ends the calls */
  watch(listener: (change: NameChange) => void): () => void;
  /** Ends the use of the store. Acknowledged changes stay, except in a store in memory. */
  close(): void | Promise<void>;
}

/** Memory that a registration takes besides its texts, and each of its tags, and its lease. In bytes, as estimated. */
export const OVERHEAD_BYTES = { name: 200, tag: 85, lease: 80 };

/**
 * The memory of a registration, as `maxStoredBytes` counts it: its texts, with the owner of the lease, and an overhead. The memory in V8's
 * heap is within a factor of two.
 */
export function recordBytes({ name, uri, metadata, lease }: NameRecord): number {
  let bytes = OVERHEAD_BYTES.name + bytesOfText(name) + bytesOfText(uri);
  for (const tag of metadata ?? []) bytes += OVERHEAD_BYTES.tag + bytesOfText(tag);
  return lease === undefined ? bytes : bytes + OVERHEAD_BYTES.lease + bytesOfText(lease.owner);
}

/** The memory of a text, by a rule that SQLite can follow: see `sql-schema.ts`. SQLite counts code points, and a text ends at a zero character. */
function bytesOfText(text: string): number {
  if (text.includes('\0')) return 2 * Buffer.byteLength(text);
  if (!isWide(text)) return text.length;
  let codePoints = 0;
  for (const _ of text) codePoints++;
  return 2 * Math.max(codePoints, Buffer.byteLength(text) >> 1);
}

/** The outcome of a put: the record is `set`; the registration is `kept`, since it is the same already; or the put is `refused`. */
export type PutDecision = 'set' | 'kept' | 'refused';

/**
 * Decides about a put for a name that is registered.
 *
 * A name with a lease belongs to its owner while the lease lasts. Another program may register it without a lease when this changes
 * nothing. With a lease and the same URI it becomes the owner when the lease is overdue: only one server can listen at an address, so the
 * server of the old owner has started again, and the new owner is its new process.
 *
 * @param isOverdue true when half of the current lease, or more, is over: a living owner renews its lease sooner
 */
export function decidePut(
  current: NameRecord,
  next: NameRecord,
  { safe, takeover }: NamePutOptions,
  isOverdue: () => boolean,
): PutDecision {
  const { lease } = current;
  if (lease !== undefined && lease.owner === next.lease?.owner) return 'set';
  if (safe) return 'refused';
  if (lease === undefined || takeover) return 'set';
  if (current.uri !== next.uri) return 'refused';
  if (next.lease === undefined) return hasSameTags(current, next) ? 'kept' : 'refused';
  return isOverdue() ? 'set' : 'refused';
}

/** True when two records have the same tags. No tags and an empty set are the same here. */
export function hasSameTags({ metadata: one = new Set() }: NameRecord, { metadata: other = new Set() }: NameRecord): boolean {
  return one.size === other.size && [...one].every((tag) => other.has(tag));
}

/** True when the tags of a registration may be changed. */
export function areTagsFree({ lease }: NameRecord, { takeover }: NameSetMetadataOptions): boolean {
  return lease === undefined || takeover;
}

/** True when a selection selects a record. */
export function isSelected({ name, metadata }: NameRecord, selection: NameSelection): boolean {
  if (selection.by === 'all') return true;
  if (selection.by === 'prefix') return name.startsWith(selection.prefix);
  const has = (tag: string): boolean => metadata?.has(tag) === true;
  return selection.match === 'all' ? selection.tags.every(has) : selection.tags.some(has);
}

/** True when a registration may be removed. */
export function isRemovable({ lease }: NameRecord, { owner, takeover }: NameRemoveOptions): boolean {
  return lease === undefined || takeover || lease.owner === owner;
}

/** The registered names among these that may be removed, each once. @param get gives a registration */
export function removableNames(
  names: readonly string[],
  options: NameRemoveOptions,
  get: (name: string) => NameRecord | undefined,
): string[] {
  return [...new Set(names)].filter((name) => {
    const record = get(name);
    return record !== undefined && isRemovable(record, options);
  });
}

/** Makes something of an answer of a store. Returns a promise only when the answer is one. */
export function afterwards<Answer, Result>(
  answer: Pending<Answer>,
  change: (answer: Answer) => Pending<Result>,
): Pending<Result> {
  return answer instanceof Promise ? answer.then(change) : change(answer);
}
