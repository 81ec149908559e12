const MAX_DOC_CHARS = 10_000;

/** A comment of TypeScript with a doc in it; an empty text without one. The doc may come from a peer: it cannot end the comment. */
export function docComment(doc: string | undefined, indent = ''): string {
  const lines = docLines(doc).map((line) => line.replaceAll('*/', '*\\/'));
  if (lines.length === 0) return '';
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */\n`].join('\n');
}

/** The lines of a doc without its indentation, as Python's `inspect.cleandoc` gives them, and without control characters. */
export function docLines(doc: string | undefined): string[] {
  const [first = '', ...rest] = (doc ?? '').slice(0, MAX_DOC_CHARS).split(/\r\n|[\n\r\u2028\u2029]/);
  const filled = rest.filter((line) => line.trim() !== '');
  const margin = Math.min(...filled.map((line) => line.length - line.trimStart().length));
  const lines = [first.trimStart(), ...rest.map((line) => line.slice(margin))].map((line) =>
    line
      .replaceAll('\t', '  ')
      .replace(/[\p{Cc}\p{Cf}]/gu, '')
      .trimEnd(),
  );
  while (lines.at(-1) === '') lines.pop();
  while (lines[0] === '') lines.shift();
  return lines;
}

/** Lines in a class or function of Python. */
export function nested(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `    ${line}`));
}
