import type { NameLease, NameRecord } from '../name-store.js';

/** A registration as JSON in Redis. */
export interface StoredRecord {
  readonly uri: string;
  /** Names with smaller numbers were registered earlier. */
  readonly order: number;
  /** Number of the change that set this record. */
  readonly seq: number;
  readonly lease?: NameLease;
  readonly metadata?: readonly string[];
}

/** The changes of one script: names with their new records, or null for names that were removed. */
export interface ChangeMessage {
  readonly seq: number;
  readonly changes: readonly (readonly [name: string, record: StoredRecord | null])[];
}

export function recordOf(name: string, { uri, lease, metadata }: StoredRecord): NameRecord {
  return { name, uri, metadata: metadata && new Set(metadata), lease };
}

/** The values that Redis keeps of a record. @param numbers those of {@link StoredRecord} that a {@link NameRecord} does not have */
export function storedOf({ uri, metadata, lease }: NameRecord, { order, seq }: RecordNumbers): StoredRecord {
  return { uri, order, seq, ...(lease && { lease }), ...(metadata && { metadata: [...metadata] }) };
}

/** The numbers of a {@link StoredRecord}. */
export type RecordNumbers = Pick<StoredRecord, 'order' | 'seq'>;
