import { inspect, styleText } from 'node:util';
import { printable } from '../../reports/printable.js';
import { EXIT_CODES } from './exit-codes.js';

/** Options of every command that prints something. */
export interface OutputArguments {
  /** Print JSON. */
  json?: true;
}

type Style = Parameters<typeof styleText>[0];

const MAX_CELL_CHARS = 500;
/** Control characters that a terminal would obey. Line breaks and tabs of a peer stay. */
const COMMANDS_OF_TERMINALS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Lets the command end without a stack when its output cannot be written: quietly when nobody reads it any more (`| head`), else with a
 * line about the reason and exit code 1. Messages that cannot be written to stderr are lost, and change no exit code.
 */
export function handleFailedOutput(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    process.stderr.write(`Error: the output cannot be written: ${message}\n`);
    process.exitCode = EXIT_CODES.failed.code;
  });
}

/** Prints lines to the standard output. A peer decides how many: they are no arguments, of which a call takes a limited number. */
export function print(lines: string | readonly string[]): void {
  process.stdout.write(`${[lines].flat().join('\n')}\n`);
}

/** Prints a value as a line of JSON, in which all characters that a terminal would obey are escaped. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value).replace(COMMANDS_OF_TERMINALS, escapedUnits));
}

/** Prints a value as JSON if the option `json` is set, else the lines. */
export function answer({ json }: OutputArguments, value: unknown, lines: string | readonly string[]): void {
  if (json) printJson(value);
  else print(lines);
}

/** Styles a text if the standard output is a terminal, and `NO_COLOR` is not set. */
export function styled(style: Style, text: string): string {
  return hasColours() ? styleText(style, text) : text;
}

/** Makes the lines of a table: a head, and one line for each row. Texts of peers in it are printable. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(cell, MAX_CELL_CHARS)));
  const widths = head.map((title, column) => cells.reduce((most, row) => Math.max(most, row[column]!.length), title.length));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return [styled('bold', line(head)), ...cells.map(line)];
}

/** A text of a peer that is a line, or a part of one. On a terminal its control characters are escaped, elsewhere it stays as it is. */
export function lineText(text: string): string {
  return process.stdout.isTTY ? printable(text, Infinity) : text;
}

/** Makes the text of a result: a text as it is, other values as Node shows them. Messages of exceptions, and proxies, may hold commands for a terminal. */
export function resultText(value: unknown): string {
  if (typeof value === 'string') return process.stdout.isTTY ? harmless(value) : value;
  const options = { depth: Infinity, maxArrayLength: 1_000, maxStringLength: 10_000 };
  const plain = inspect(value, options);
  const shown = harmless(plain);
  // colours are commands, too: a value with commands of its own is shown without
  return shown === plain && hasColours() ? inspect(value, { ...options, colors: true }) : shown;
}

function harmless(text: string): string {
  return text.replace(COMMANDS_OF_TERMINALS, (character) => ('\n\t'.includes(character) ? character : printable(character)));
}

function escapedUnits(character: string): string {
  return character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function hasColours(): boolean {
  return process.stdout.isTTY && !process.env['NO_COLOR'];
}
