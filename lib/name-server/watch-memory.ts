import { recordBytes, type NameChange, type NameRecord } from './store/name-store.js';

/** A place in a list of records. */
const LISTED_BYTES = 16;
/** A name in a set of names. */
export const KNOWN_BYTES = 64;
/** A change that waits, without its texts. */
const CHANGE_BYTES = 200;

/** The memory that all watches hold, as estimated. */
export class WatchMemory {
  private held = 0;

  /** @param limit `maxWatchBytes` */
  constructor(readonly limit: number) {}

  /** @returns false when the memory is over the limit then; nothing is held */
  take(bytes: number): boolean {
    if (this.held + bytes > this.limit) return false;
    this.held += bytes;
    return true;
  }

  free(bytes: number): void {
    this.held -= bytes;
  }
}

/** The memory of one watch. */
export class MemoryOfWatch {
  private held = 0;

  constructor(private readonly all: WatchMemory) {}

  get limit(): number {
    return this.all.limit;
  }

  take(bytes: number): boolean {
    if (!this.all.take(bytes)) return false;
    this.held += bytes;
    return true;
  }

  free(bytes: number): void {
    this.held -= bytes;
    this.all.free(bytes);
  }

  freeAll(): void {
    this.free(this.held);
  }
}

/** The memory of a list of records. @param areCopies true when the store has made the records for this list */
export function bytesOfList(records: readonly NameRecord[], areCopies = false): number {
  let bytes = records.length * LISTED_BYTES;
  if (areCopies) for (const record of records) bytes += recordBytes(record);
  return bytes;
}

/** The memory of a change that waits. Its record may be in the store no more. */
export function bytesOfChange(change: NameChange): number {
  if (change.kind === 'removed') return CHANGE_BYTES + 2 * change.name.length;
  const { name, uri, metadata } = change.record;
  let chars = name.length + uri.length;
  for (const tag of metadata ?? []) chars += tag.length + CHANGE_BYTES / 4;
  return CHANGE_BYTES + 2 * chars;
}
