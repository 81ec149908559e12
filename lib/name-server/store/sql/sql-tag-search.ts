import type { NameSelection } from '../name-store.js';
import { hasUtf8 } from '../stored-text.js';
import type { TimeSlices } from '../time-slices.js';
import type { SqlNames } from './sql-names.js';

/** Names that one statement reads. SQLite takes some 0.2 µs for each. */
const IDS_AT_ONCE = 5_000;

/** A selection by tags. */
export type TagSelection = Extract<NameSelection, { readonly by: 'tags' }>;

/**
 * The ids of the names among which those with the tags are, in the order of their registration. For `all`, these are the names with the
 * rarest tag: the caller looks whether they have the others.
 *
 * Each statement is short, and others are served between two of them. One statement for all tags would sort each tag of each name. The search
 * takes less time than to read the records, with their tags, of the names that it gives.
 *
 * @throws the error of SQLite
 */
export async function idsByTags(names: SqlNames, { tags, match }: TagSelection, slices: TimeSlices): Promise<number[]> {
  // SQLite has no other texts
  const asked = new Set(tags.filter(hasUtf8));
  if (match === 'any') return idsWithAny(names, asked, slices);
  if (tags.some((tag) => !hasUtf8(tag))) return [];
  const rarest = await rarestOf(names, asked, slices);
  return rarest === undefined ? [] : idsWithAny(names, new Set([rarest]), slices);
}

async function idsWithAny(names: SqlNames, tags: ReadonlySet<string>, slices: TimeSlices): Promise<number[]> {
  const found = new Set<number>();
  for (const tag of tags) {
    for (let last: number | undefined = 0; last !== undefined;) {
      const ids: readonly number[] = names.idsWith(tag, last, IDS_AT_ONCE);
      for (const id of ids) found.add(id);
      last = ids.length < IDS_AT_ONCE ? undefined : ids.at(-1);
      if (slices.isOver) await slices.next();
    }
  }
  const ids = [...found];
  return tags.size > 1 ? [...Float64Array.from(ids).sort()] : ids;
}

/** @returns undefined when there are no tags */
async function rarestOf(names: SqlNames, tags: ReadonlySet<string>, slices: TimeSlices): Promise<string | undefined> {
  let rarest: string | undefined;
  let fewest = Number.MAX_SAFE_INTEGER;
  for (const tag of tags) {
    // more than the fewest need not be counted
    const count = names.countWith(tag, fewest);
    if (count < fewest) [rarest, fewest] = [tag, count];
    if (fewest === 0) return rarest;
    if (slices.isOver) await slices.next();
  }
  return rarest;
}
