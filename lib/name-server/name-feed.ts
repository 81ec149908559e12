import { setTimeout as sleep } from 'node:timers/promises';
import type { NameChange, NameRecord, NameSelection, NameStore } from './store/name-store.js';

/** After this time without a change an `alive` item is sent, so that each side sees that the other side is alive. */
export const FEED_HEARTBEAT_MS = 10_000;
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

/** Selects the names of a watch. */
export interface NameFeedFilter {
  readonly prefix: string;
  /** Tags that a name must have. */
  readonly tags: readonly string[];
}

/** Follows the changes of a store. Ends when `signal` aborts. */
export async function* nameFeed(store: NameStore, filter: NameFeedFilter, signal: AbortSignal): AsyncGenerator<NameFeedItem> {
  let waiting: NameChange[] = [];
  let isBehind = false;
  let wake = new AbortController();
  const stop = store.watch((change) => {
    if (waiting.length < MAX_WAITING) waiting.push(change);
    else isBehind = true;
    wake.abort();
  });
  // names that the reader knows: a name that loses the tags of the filter is removed for the reader
  const known = new Set<string>();
  const itemOf = (change: NameChange): NameFeedItem | undefined => {
    if (change.kind === 'registered' && isSelected(change.record, filter)) {
      known.add(change.record.name);
      return { change: 'registered', record: change.record };
    }
    const name = change.kind === 'removed' ? change.name : change.record.name;
    return known.delete(name) ? { change: 'removed', name } : undefined;
  };
  try {
    yield* await snapshot(store, filter, known);
    while (!signal.aborted) {
      if (waiting.length === 0) {
        wake = new AbortController();
        await sleep(FEED_HEARTBEAT_MS, undefined, { signal: AbortSignal.any([wake.signal, signal]), ref: false }).catch(
          () => undefined,
        );
        if (waiting.length === 0 && !signal.aborted) yield { change: 'alive' };
      }
      const changes = waiting;
      waiting = [];
      if (isBehind) {
        isBehind = false;
        yield { change: 'restart' };
        yield* await snapshot(store, filter, known);
        continue;
      }
      for (const change of changes) {
        const item = itemOf(change);
        if (item) yield item;
      }
    }
  } finally {
    stop();
  }
}

async function snapshot(store: NameStore, filter: NameFeedFilter, known: Set<string>): Promise<NameFeedItem[]> {
  const records = (await store.list(selectionOf(filter))).filter((record) => isSelected(record, filter));
  known.clear();
  for (const { name } of records) known.add(name);
  return [...records.map((record): NameFeedItem => ({ change: 'registered', record })), { change: 'ready' }];
}

function selectionOf({ prefix, tags }: NameFeedFilter): NameSelection {
  if (tags.length > 0) return { by: 'tags', tags, match: 'all' };
  return prefix === '' ? { by: 'all' } : { by: 'prefix', prefix };
}

function isSelected({ name, metadata }: NameRecord, { prefix, tags }: NameFeedFilter): boolean {
  return name.startsWith(prefix) && tags.every((tag) => metadata?.has(tag));
}
