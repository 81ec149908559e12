import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WATCH_HEARTBEAT_MS } from '../naming/name-records.js';
import { NamingError } from '../protocol/errors.js';
import { refusal } from '../protocol/refusals.js';
import type { NameChange, NameRecord, NameSelection, NameStore } from './store/name-store.js';
import { bytesOfChange, bytesOfList, KNOWN_BYTES, MemoryOfWatch, type WatchMemory } from './watch-memory.js';

/** Most changes that wait for a slow reader. A slower reader gets all names anew. */
const MAX_WAITING = 1_000;

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

/** The part of a store that a watch uses. */
export type NamesToFollow = Pick<NameStore, 'list' | 'watch' | 'copiesRecords'>;

/** Selects the names of a watch. */
export interface NameFeedFilter {
  readonly prefix: string;
  /** Tags that a name must have. */
  readonly tags: readonly string[];
}

/** Follows the changes of a store. Ends when `signal` aborts. @throws {NamingError} when all watches hold too much memory: `maxWatchBytes` */
export async function* nameFeed(
  store: NamesToFollow,
  filter: NameFeedFilter,
  signal: AbortSignal,
  allMemory: WatchMemory,
): AsyncGenerator<NameFeedItem> {
  const memory = new MemoryOfWatch(allMemory);
  let waiting: NameChange[] = [];
  let isBehind = false;
  let wake = new AbortController();
  const stop = store.watch((change) => {
    if (!isBehind && waiting.length < MAX_WAITING && memory.take(bytesOfChange(change))) waiting.push(change);
    else isBehind = true;
    wake.abort();
  });
  const names = new SelectedNames(filter);
  // one listener of the whole watch: AbortSignal.any would leave a reference at the signal for each step
  const end = (): void => wake.abort();
  setMaxListeners(0, signal);
  signal.addEventListener('abort', end);
  try {
    yield* snapshot(store, filter, names, memory);
    while (!signal.aborted) {
      if (waiting.length === 0 && !isBehind) {
        wake = new AbortController();
        await sleep(WATCH_HEARTBEAT_MS, undefined, { signal: wake.signal, ref: false }).catch(() => undefined);
        if (waiting.length === 0 && !isBehind && !signal.aborted) yield { change: 'alive' };
      }
      const changes = waiting;
      waiting = [];
      if (isBehind) {
        // changes that arrive from now on wait again
        isBehind = false;
        memory.freeAll();
        yield { change: 'restart' };
        yield* snapshot(store, filter, names, memory);
        continue;
      }
      for (const change of changes) {
        memory.free(bytesOfChange(change));
        const item = names.itemOf(change, memory);
        if (item) yield item;
      }
    }
  } finally {
    stop();
    signal.removeEventListener('abort', end);
    memory.freeAll();
  }
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

  get areKept(): boolean {
    return this.known !== undefined;
  }

  /** Begins anew with these names. */
  keep(records: readonly NameRecord[]): void {
    this.known?.clear();
    for (const { name } of records) this.known?.add(name);
  }

  itemOf(change: NameChange, memory: MemoryOfWatch): NameFeedItem | undefined {
    if (change.kind === 'registered' && isSelected(change.record, this.filter)) {
      this.add(change.record.name, memory);
      return { change: 'registered', record: change.record };
    }
    const name = change.kind === 'removed' ? change.name : change.record.name;
    return this.delete(name, memory) ? { change: 'removed', name } : undefined;
  }

  private add(name: string, memory: MemoryOfWatch): void {
    if (this.known === undefined || this.known.has(name)) return;
    if (!memory.take(KNOWN_BYTES)) throw tooMuchMemory(memory);
    this.known.add(name);
  }

  private delete(name: string, memory: MemoryOfWatch): boolean {
    if (this.known === undefined) return name.startsWith(this.filter.prefix);
    if (!this.known.delete(name)) return false;
    memory.free(KNOWN_BYTES);
    return true;
  }
}

/** The registered names, and `ready`. The list is held until the reader has read it. */
async function* snapshot(
  store: NamesToFollow,
  filter: NameFeedFilter,
  names: SelectedNames,
  memory: MemoryOfWatch,
): AsyncGenerator<NameFeedItem> {
  const records = (await store.list(selectionOf(filter))).filter((record) => isSelected(record, filter));
  const bytes = bytesOfList(records, store.copiesRecords);
  if (!memory.take(bytes + (names.areKept ? KNOWN_BYTES * records.length : 0))) throw tooMuchMemory(memory);
  names.keep(records);
  for (const record of records) yield { change: 'registered', record };
  memory.free(bytes);
  yield { change: 'ready' };
}

function tooMuchMemory({ limit }: MemoryOfWatch): NamingError {
  return refusal(
    new NamingError(
      `all watches hold the names of too many registrations; the name server takes ${limit} bytes (its option limits.maxWatchBytes)`,
    ),
  );
}

function selectionOf({ prefix, tags }: NameFeedFilter): NameSelection {
  if (tags.length > 0) return { by: 'tags', tags, match: 'all' };
  return prefix === '' ? { by: 'all' } : { by: 'prefix', prefix };
}

function isSelected({ name, metadata }: NameRecord, { prefix, tags }: NameFeedFilter): boolean {
  return name.startsWith(prefix) && tags.every((tag) => metadata?.has(tag));
}
