/** Longest name that is compared. The ids that a daemon lists may have any length. */
const MAX_LETTERS = 100;
/** Most pairs of letters that are compared: some 20 ms of work, 5,000 names of 20 letters. */
const MAX_PAIRS = 2_000_000;

/**
 * Finds the known name that a mistyped name most likely means.
 *
 * @param known a peer may have sent them: names of more than 100 letters are passed over, and of very many only the first are compared
 * @returns undefined when every known name differs in more than a third of the letters
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_LETTERS) return undefined;
  const letters = name.toLowerCase();
  let nearest: string | undefined;
  let least = Math.ceil(name.length / 3) + 1;
  let pairs = 0;
  for (const candidate of known) {
    // as many letters are missing or surplus at least
    if (candidate.length > MAX_LETTERS || Math.abs(candidate.length - name.length) >= least) continue;
    pairs += name.length * candidate.length;
    if (pairs > MAX_PAIRS) break;
    const mistakes = mistakesBetween(letters, candidate.toLowerCase(), least);
    if (mistakes < least) [nearest, least] = [candidate, mistakes];
  }
  return nearest;
}

/**
 * Number of letters that are missing, surplus, wrong, or swapped with their neighbour (optimal string alignment distance).
 *
 * @returns `most`, when there are as many or more
 */
function mistakesBetween(one: string, other: string, most: number): number {
  const { length } = other;
  // of the table, the row in work and the two rows above it
  let before = new Uint8Array(length + 1);
  let above = new Uint8Array(length + 1);
  let row = Uint8Array.from({ length: length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    [before, above, row] = [above, row, before];
    row[0] = i;
    let least = i;
    const [letter, last] = [one.charCodeAt(i - 1), one.charCodeAt(i - 2)];
    for (let j = 1; j <= length; j++) {
      const found = other.charCodeAt(j - 1);
      let mistakes = above[j - 1]! + (letter === found ? 0 : 1);
      mistakes = Math.min(mistakes, above[j]! + 1, row[j - 1]! + 1);
      if (letter !== found && last === found && letter === other.charCodeAt(j - 2))
        mistakes = Math.min(mistakes, before[j - 2]! + 1);
      row[j] = mistakes;
      if (mistakes < least) least = mistakes;
    }
    // mistakes never become fewer in the rows below
    if (least >= most) return most;
  }
  return row[length]!;
}
