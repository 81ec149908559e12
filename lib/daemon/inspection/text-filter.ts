/** True when every word of the filter stands in one of the texts, in upper or lower case. */
export function fitsFilter(filter: string, texts: readonly (string | null)[]): boolean {
  const all = texts.join('\n').toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
