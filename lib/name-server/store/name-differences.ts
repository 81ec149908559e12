import { hasSameTags, type NameChange, type NameRecord } from './name-store.js';

/** The changes between two states of the names. */
export function nameDifferences(before: ReadonlyMap<string, NameRecord>, after: ReadonlyMap<string, NameRecord>): NameChange[] {
  const changes: NameChange[] = [];
  for (const name of before.keys()) if (!after.has(name)) changes.push({ kind: 'removed', name });
  for (const [name, record] of after) {
    const previous = before.get(name);
    if (previous === undefined || !isSame(previous, record)) changes.push({ kind: 'registered', record });
  }
  return changes;
}

function isSame(one: NameRecord, other: NameRecord): boolean {
  return one.uri === other.uri && one.lease?.owner === other.lease?.owner && hasSameTags(one, other);
}

/** Records by their names. */
export function byName(records: Iterable<NameRecord>): Map<string, NameRecord> {
  return new Map(Array.from(records, (record) => [record.name, record]));
}
