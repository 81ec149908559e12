import type { NameLease, NameRecord } from '../name-store.js';

/** A registration as JSON in Redis. */
export interface StoredRecord {
  readonly uri: string;
  /** Names with smaller numbers were registered earlier. */
  readonly order: number;
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
