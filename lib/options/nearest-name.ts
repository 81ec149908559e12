/**
 * Finds the known name that a mistyped name most likely means.
 *
 * @returns undefined when every known name differs in more than a third of the letters
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.ceil(name.length / 3) + 1;
  for (const candidate of known) {
    const mistakes = mistakesBetween(name.toLowerCase(), candidate.toLowerCase());
    if (mistakes < least) [nearest, least] = [candidate, mistakes];
  }
  return nearest;
}

/** Number of letters that are missing, surplus, wrong, or swapped with their neighbour (optimal string alignment distance). */
function mistakesBetween(one: string, other: string): number {
  const rows: number[][] = [];
  for (let i = 0; i <= one.length; i++) {
    const row: number[] = [i];
    for (let j = 1; j <= other.length; j++) {
      if (i === 0) row.push(j);
      else {
        const isSame = one[i - 1] === other[j - 1];
        const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
        const [above, before] = [rows[i - 1]!, rows[i - 2]];
        row.push(
          Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (isSame ? 0 : 1), isSwapped ? before![j - 2]! + 1 : Infinity),
        );
      }
    }
    rows.push(row);
  }
  return rows[one.length]![other.length]!;
}
