/** Longest name that is compared. The ids that a daemon lists may have any length. */
const MAX_LETTERS = 100;
/** Most known names that are compared, of those with nearly as many letters: 10 ms of work. */
const MAX_COMPARED = 1_000;

/**
 * Finds the known name that a mistyped name most likely means.
 *
 * @param known of them 1,000 are compared, each of at most 100 letters: a peer may have sent the names
 * @returns undefined when every known name differs in more than a third of the letters
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LETTERS) return undefined;
  const letters = name.toLowerCase();
  let nearest: string | undefined;
  let least = Math.ceil(name.length / 3) + 1;
  let compared = 0;
  for (const candidate of known) {
    // as many letters are missing or surplus at least
    if (candidate.length > MAX_LETTERS || Math.abs(candidate.length - name.length) >= least) continue;
    if (compared++ === MAX_COMPARED) break;
    const mistakes = mistakesBetween(letters, candidate.toLowerCase());
    if (mistakes < least) [nearest, least] = [candidate, mistakes];
  }
  return nearest;
}

/** Number of letters that are missing, surplus, wrong, or swapped with their neighbour (optimal string alignment distance). */
function mistakesBetween(one: string, other: string): number {
  // of the table, the row in work and the two rows above it
  let before: number[] = [];
  let above: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    [before, above, row] = [above, row, [i]];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swapped = isSwapped ? before[j - 2]! + 1 : Infinity;
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (isSame ? 0 : 1), swapped));
    }
  }
  return row[other.length]!;
}
