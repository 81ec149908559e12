import type { Pending } from '../../objects/keyed-instances.js';
import type { NameRecord } from './name-store.js';
import { TimeSlices } from './time-slices.js';

/** Up to so many names are looked at at once. */
const FEW_NAMES = 1_000;

/**
 * Selects records among candidates, in slices between which others are served. Returns a promise only when there are many candidates.
 *
 * @param select gives the record of a candidate, or undefined when it is not selected
 */
export function selectInSlices<Candidate>(
  candidates: readonly Candidate[],
  select: (candidate: Candidate) => NameRecord | undefined,
): Pending<NameRecord[]> {
  if (candidates.length > FEW_NAMES) return selectMany(candidates, select);
  const found: NameRecord[] = [];
  for (const candidate of candidates) {
    const record = select(candidate);
    if (record !== undefined) found.push(record);
  }
  return found;
}

async function selectMany<Candidate>(
  candidates: readonly Candidate[],
  select: (candidate: Candidate) => NameRecord | undefined,
): Promise<NameRecord[]> {
  const slices = new TimeSlices();
  const found: NameRecord[] = [];
  for (const candidate of candidates) {
    const record = select(candidate);
    if (record !== undefined) found.push(record);
    if (slices.isOver) await slices.next();
  }
  return found;
}
