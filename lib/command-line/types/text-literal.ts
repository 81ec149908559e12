/** Characters without a shape, which could hide what a literal says. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text literal of TypeScript and of Python, with the quotes that need fewer escapes. */
export function textLiteral(text: string): string {
  const json = JSON.stringify(text).replace(INVISIBLE, escaped);
  return text.includes("'") && !text.includes('"')
    ? json
    : `'${json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** The escape of a character that both languages have. They write characters with two UTF-16 units in different ways; those stay. */
function escaped(character: string): string {
  return character.length === 1 ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : character;
}
