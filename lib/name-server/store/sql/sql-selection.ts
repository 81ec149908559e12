import type { NameSelection } from '../name-store.js';

/** The values of a list that is given as JSON. */
export const LISTED = '(SELECT value FROM json_each(?))';

/** A selection by the names themselves. */
export type NameRange = Exclude<NameSelection, { readonly by: 'tags' }>;

/** The condition that selects rows of `pyro_names n`, and the values of its parameters. */
export function conditionOf(selection: NameRange): [condition: string, values: string[]] {
  if (selection.by === 'all') return ['TRUE', []];
  const end = endOfPrefix(selection.prefix);
  return end === undefined ? ['n.name >= ?', [selection.prefix]] : ['n.name >= ? AND n.name < ?', [selection.prefix, end]];
}

/**
 * The first text after all texts with a prefix, in the order of code points, which is SQLite's order; undefined when there is none. A
 * condition with this text uses the index of the names, and is case-sensitive.
 */
function endOfPrefix(prefix: string): string | undefined {
  const characters = Array.from(prefix);
  while (characters.at(-1) === '\u{10ffff}') characters.pop();
  const last = characters.pop()?.codePointAt(0);
  // no text has the code points from D800 to DFFF
  return last === undefined ? undefined : characters.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1);
}
