/** The names in a text of a type; texts of literals are matched as a whole. */
export const NAMES_AND_TEXTS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\p{XIDS}_]\p{XIDC}*/gu;

/** A union of types in a fixed order: the order of the compiler changes with other code. */
export function unionText(texts: readonly string[]): string {
  const parts = new Set(texts.flatMap((text) => splitUnion(text)));
  if (parts.has('Any')) return 'Any';
  const literals = [...parts].flatMap((text) => /^Literal\[([^]*)\]$/.exec(text)?.[1] ?? []).sort();
  const booleans = ['True', 'False'].every((value) => literals.includes(value));
  const values = literals.filter((value) => !booleans || (value !== 'True' && value !== 'False'));
  const others = [...parts].filter((text) => !text.startsWith('Literal[') && text !== 'None');
  const all = [...(booleans ? [...others, 'bool'] : others).sort()];
  if (values.length > 0) all.unshift(`Literal[${values.join(', ')}]`);
  if (parts.has('None')) all.push('None');
  return [...new Set(all)].join(' | ');
}

/** The members of a union, of which none is a union itself. */
function splitUnion(text: string): string[] {
  const parts: string[] = [];
  let [depth, begin] = [0, 0];
  for (const { 0: sign, index } of text.matchAll(/[[\]|]|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g)) {
    if (sign === '[') depth++;
    else if (sign === ']') depth--;
    else if (sign === '|' && depth === 0) {
      parts.push(text.slice(begin, index).trim());
      begin = index + 1;
    }
  }
  return [...parts, text.slice(begin).trim()];
}

export function capitalized(name: string): string {
  const words = name.split(/[^\p{ID_Continue}]+|_/u).filter((word) => word !== '');
  return words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}
