import type { DaemonTotals, ListedFirst, NameSnapshot } from '../contract/snapshot.js';
import { TextFilter } from './text-filter.js';

type NameTotals = Pick<DaemonTotals, 'namesRegistered' | 'namesTaken' | 'namesWaiting'>;

/** The numbers of names by their states. */
export function nameTotals(names: readonly NameSnapshot[]): NameTotals {
  const inState = (wanted: NameSnapshot['state']): number => names.filter(({ state }) => state === wanted).length;
  return { namesRegistered: inState('registered'), namesTaken: inState('taken'), namesWaiting: inState('waiting') };
}

/**
 * The names that a snapshot lists, in their order: those that `first` asks for, then those that are not registered, then those of the
 * listed objects.
 */
export function listedNames(
  names: readonly NameSnapshot[],
  listedObjects: readonly string[],
  maxListed: number,
  { objectId, filter: filterText = '' }: ListedFirst = {},
): NameSnapshot[] {
  if (names.length <= maxListed) return [...names];
  if (maxListed === 0) return [];
  const filter = new TextFilter(filterText);
  const shown = new Set(listedObjects);
  const rankOf = (one: NameSnapshot): number => {
    if (one.objectId === objectId) return 0;
    if (!filter.isEmpty && filter.fits([one.name, one.objectId, one.nameServer])) return 0;
    if (one.state !== 'registered') return 1;
    return shown.has(one.objectId) ? 2 : 3;
  };
  const byRank: NameSnapshot[][] = [[], [], [], []];
  for (const one of names) byRank[rankOf(one)]!.push(one);
  const listed = new Set(byRank.flat().slice(0, maxListed));
  return names.filter((one) => listed.has(one));
}
