import type { BenchmarkRow } from './benchmark.js';

/** A table of Markdown, aligned for readers of the source. Its columns are all that occur in the rows, in the order of the first. */
export function markdownTable(rows: readonly BenchmarkRow[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isNumeric = columns.map((column) => rows.every((row) => typeof row[column] !== 'string'));
  const lines = [columns, ...rows.map((row) => columns.map((column) => formatted(row[column])))];
  const widths = columns.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)));
  const pad = (cell: string, column: number): string =>
    isNumeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!);
  const rule = widths.map((width, column) => (isNumeric[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [head, ...body] = lines.map((line) => line.map(pad));
  return [head!, rule, ...body].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function formatted(cell: string | number | undefined): string {
  if (cell === undefined || Number.isNaN(cell)) return '';
  if (typeof cell === 'string') return cell;
  if (Math.abs(cell) >= 100) return Math.round(cell).toLocaleString('en-US');
  return Math.abs(cell) >= 10 ? cell.toFixed(1) : cell.toFixed(2);
}
