import { docLines, nested } from '../types/doc-comment.js';

/** The lines of a docstring. */
export function docString(doc: string | undefined): string[] {
  const lines = docLines(doc).map((line) => line.replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"'));
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`"""${lines[0]}${lines[0]!.endsWith('"') ? ' ' : ''}"""`];
  return [`"""${lines[0]}`, ...lines.slice(1), '"""'];
}

/** The body of a class. Python wants a statement; a comment is none. */
export function classBody(lines: readonly string[]): string {
  const isEmpty = lines.every((line) => line === '' || line.startsWith('#'));
  return nested(isEmpty ? [...lines, 'pass'] : lines)
    .map((line) => `${line}\n`)
    .join('');
}
