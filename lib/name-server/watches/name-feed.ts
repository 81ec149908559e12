import { setMaxListeners } from 'node:events';
import type { Call } from '../../daemon/call/call.js';
import { WATCH_HEARTBEAT_MS } from '../../naming/name-records.js';
import type { ChangeLog } from './change-log.js';
import type { Pending } from '../../objects/keyed-instances.js';
import type { NameChange, NameRecord, NameSelection } from '../store/name-store.js';
import { TimeSlices } from '../store/time-slices.js';
import { bytesOfListed, KNOWN_BYTES, type OpenWatch } from './watch-room.js';

/**
 * An item of a watch.
 *
 * A watch begins with a `registered` item for each name that is registered, and `ready`. Then come the changes. `restart` says that changes
 * were lost: all names follow anew, up to the next `ready`; names that do not follow are removed. `alive` carries no information.
 */
export type NameFeedItem =
  | { readonly change: 'registered'; readonly record: NameRecord }
  | { readonly change: 'removed'; readonly name: string }
  | { readonly change: 'ready' | 'restart' | 'alive' };

/** Gives the first names of a watch. */
export interface NamesToFollow {
  /** True when the selected records are made for the watch, with their memory. */
  readonly copiesRecords: boolean;
  /** Works on the selected records. Large selections are made and worked on one at a time. */
  selectWatched<Result>(
    selection: NameSelection,
    call: Call | undefined,
    work: (records: readonly NameRecord[]) => Pending<Result>,
  ): Pending<Result>;
}

/** Selects the names of a watch. */
export interface NameFeedFilter {
  readonly prefix: string;
  /** Tags that a name must have, each once. */
  readonly tags: readonly string[];
}

/**
 * Follows the names of a store. Ends when `signal` aborts.
 *
 * @throws {NamingError} when watches hold too much memory: `maxWatchBytes`
 */
export async function* nameFeed(
  given: NamesToFollow,
  log: ChangeLog,
  filter: NameFeedFilter,
  signal: AbortSignal,
  memory: OpenWatch,
): AsyncGenerator<NameFeedItem> {
  const names = new SelectedNames(filter);
  const changes = log.follow((change, mayHaveTags) => names.concerns(change, mayHaveTags), filter.tags);
  // one listener of the whole watch: AbortSignal.any would leave a reference at the signal for each step
  const end = (): void => changes.wake();
  setMaxListeners(0, signal);
  signal.addEventListener('abort', end);
  try {
    yield* snapshot(given, filter, names, memory);
    while (!signal.aborted) {
      if (!changes.hasNews) {
        await changes.sleep(WATCH_HEARTBEAT_MS);
        if (!changes.hasNews && !signal.aborted) yield { change: 'alive' };
      } else if (changes.isBehind) {
        memory.freeAll();
        yield { change: 'restart' };
        changes.skipAll();
        yield* snapshot(given, filter, names, memory);
      } else {
        const item = names.itemOf(changes.read(), memory);
        if (item) yield item;
      }
    }
  } finally {
    changes.close();
    signal.removeEventListener('abort', end);
    memory.freeAll();
  }
}

/** The records that a watch begins with. */
interface FirstNames {
  readonly records: readonly NameRecord[];
  /** Memory of the list. */
  readonly bytes: number;
}

/**
 * Which changes a watch tells of. With tags it has to know the names that it has told of: a name that loses the tags of the filter is
 * removed for the reader. Without tags, the prefix alone decides.
 */
class SelectedNames {
  private readonly known: Set<string> | undefined;

  constructor(private readonly filter: NameFeedFilter) {
    if (filter.tags.length > 0) this.known = new Set();
  }

  /**
   * Begins anew with the records whose names begin with the prefix, in slices.
   *
   * @param selected records that have the tags
   * @returns the records, and the memory of their list
   * @throws {NamingError} when the memory is too much; nothing is held
   */
  async begin(selected: readonly NameRecord[], areCopies: boolean, memory: OpenWatch): Promise<FirstNames> {
    const { known } = this;
    known?.clear();
    const slices = new TimeSlices();
    const records: NameRecord[] = [];
    let bytes = 0;
    for (const record of selected) {
      if (record.name.startsWith(this.filter.prefix)) {
        records.push(record);
        bytes += bytesOfListed(record, areCopies);
      }
      if (slices.isOver) await slices.next();
    }
    memory.take(bytes + (known === undefined ? 0 : KNOWN_BYTES * records.length));
    if (known === undefined) return { records, bytes };
    for (const { name } of records) {
      known.add(name);
      if (slices.isOver) await slices.next();
    }
    return { records, bytes };
  }

  /** Whether `itemOf` gives an item for a change. @param mayHaveTags false when the change has no record with the tags */
  concerns(change: NameChange, mayHaveTags: boolean): boolean {
    if (mayHaveTags && change.kind === 'registered' && isSelected(change.record, this.filter)) return true;
    const name = nameOf(change);
    return this.known?.has(name) ?? name.startsWith(this.filter.prefix);
  }

  itemOf(change: NameChange, memory: OpenWatch): NameFeedItem | undefined {
    if (change.kind === 'registered' && isSelected(change.record, this.filter)) {
      this.add(change.record.name, memory);
      return { change: 'registered', record: change.record };
    }
    const name = nameOf(change);
    return this.delete(name, memory) ? { change: 'removed', name } : undefined;
  }

  private add(name: string, memory: OpenWatch): void {
    if (this.known === undefined || this.known.has(name)) return;
    memory.take(KNOWN_BYTES);
    this.known.add(name);
  }

  private delete(name: string, memory: OpenWatch): boolean {
    if (this.known === undefined) return name.startsWith(this.filter.prefix);
    if (!this.known.delete(name)) return false;
    memory.free(KNOWN_BYTES);
    return true;
  }
}

/** The registered names, and `ready`. The list is held until the reader has read it. */
async function* snapshot(
  given: NamesToFollow,
  filter: NameFeedFilter,
  names: SelectedNames,
  memory: OpenWatch,
): AsyncGenerator<NameFeedItem> {
  const { records, bytes } = await given.selectWatched(selectionOf(filter), memory.call, (selected) =>
    names.begin(selected, given.copiesRecords, memory),
  );
  for (const record of records) yield { change: 'registered', record };
  memory.free(bytes);
  yield { change: 'ready' };
}

function selectionOf({ prefix, tags }: NameFeedFilter): NameSelection {
  if (tags.length > 0) return { by: 'tags', tags, match: 'all' };
  return prefix === '' ? { by: 'all' } : { by: 'prefix', prefix };
}

const nameOf = (change: NameChange): string => (change.kind === 'removed' ? change.name : change.record.name);

function isSelected({ name, metadata }: NameRecord, { prefix, tags }: NameFeedFilter): boolean {
  return name.startsWith(prefix) && tags.every((tag) => metadata?.has(tag));
}
