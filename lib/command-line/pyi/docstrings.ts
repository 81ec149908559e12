import { linesOf, nested } from '../types/doc-comment.js';

/** The lines of a docstring. */
export function docString(doc: string | undefined): string[] {
  const lines = linesOf(doc).map((line) => line.replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"'));
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`"""${lines[0]}${lines[0]!.endsWith('"') ? ' ' : ''}"""`];
  return [`"""${lines[0]}`, ...lines.slice(1), '"""'];
}

export function indented(lines: readonly string[]): string {
  return nested(lines)
    .map((line) => `${line}\n`)
    .join('');
}
