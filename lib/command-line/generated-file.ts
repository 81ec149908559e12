import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CommandFailure, EXIT_CODES } from './exit-codes.js';

/** Options of commands that write a file. */
export interface GeneratedFileArguments {
  /** Path of the file. Default: the text is printed. */
  output?: string;
  /** Write nothing; fail when the file has another text. */
  check?: true;
  /** Overwrite a file that another program has written. */
  force?: true;
}

/** The command that writes a file, and the beginning of its files. */
export interface FileWriter {
  readonly command: string;
  readonly head: string;
}

const MAX_DIFFERENCES = 10;

/** Adds the options of {@link GeneratedFileArguments}. */
export function writesFile(command: Command): Command {
  return command
    .option('-o, --output <file>', 'write this file; without it the text is printed')
    .option('--check', 'write nothing, and fail when the file would change; for CI')
    .option('--force', 'overwrite the file also if it was not written by this command');
}

/**
 * Writes a generated text, or checks that its file has it.
 *
 * @throws {CommandFailure} when the file would change and `check` is set: the message has the first lines that differ. When the file has
 *   another beginning than the writer's and `force` is not set
 */
export function writeGenerated(text: string, given: GeneratedFileArguments, { command, head }: FileWriter): void {
  const { output, check, force } = given;
  if (output === undefined) {
    if (check) throw new CommandFailure('--check needs the file: -o FILE', EXIT_CODES.usage.code);
    process.stdout.write(text);
    return;
  }
  const current = contentOf(output);
  if (current === text) return;
  if (!check) {
    if (current && !current.startsWith(head) && !force)
      throw new CommandFailure(
        `${output} was not written by ${command}, and is left as it is; name another file, or give --force`,
        EXIT_CODES.usage.code,
      );
    write(output, text);
    process.stderr.write(`wrote ${output}\n`);
    return;
  }
  const what = current === undefined ? 'is missing' : `is out of date:\n${differences(current, text).join('\n')}`;
  throw new CommandFailure(`${output} ${what}\nTo write it, run the same command without --check`, EXIT_CODES.failed.code);
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new CommandFailure(`cannot write ${path}: ${(error as Error).message}`, EXIT_CODES.failed.code, { cause: error });
  }
}

function contentOf(path: string): string | undefined {
  try {
    // a checkout on Windows may have changed the ends of lines
    return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandFailure(`cannot read ${path}: ${(error as Error).message}`, EXIT_CODES.usage.code, { cause: error });
  }
}

/** The first lines that only one of two texts has: `-` of the first, `+` of the second. */
export function differences(before: string, after: string): string[] {
  const [old, made] = [before.split('\n'), after.split('\n')];
  const found: string[] = [];
  let [at, to] = [0, 0];
  while ((at < old.length || to < made.length) && found.length < MAX_DIFFERENCES) {
    if (old[at] === made[to]) {
      at++;
      to++;
      continue;
    }
    const [skipped, added] = nextEqual(old, made, at, to);
    found.push(
      ...old.slice(at, at + skipped).map((line) => `- ${line}`),
      ...made.slice(to, to + added).map((line) => `+ ${line}`),
    );
    at += skipped;
    to += added;
  }
  return found.length > MAX_DIFFERENCES ? [...found.slice(0, MAX_DIFFERENCES), '…'] : found;
}

/** The smallest numbers of lines to skip in both texts, so that equal lines follow. */
function nextEqual(old: readonly string[], made: readonly string[], at: number, to: number): [number, number] {
  const [left, right] = [old.length - at, made.length - to];
  for (let sum = 1; sum < left + right; sum++) {
    for (let skipped = Math.max(0, sum - right); skipped <= Math.min(sum, left); skipped++) {
      const [one, other] = [old[at + skipped], made[to + sum - skipped]];
      // the end of the text counts as a line; empty lines do not match
      const isEnd = skipped === left - 1 && sum - skipped === right - 1;
      if (one !== undefined && one === other && (one !== '' || isEnd)) return [skipped, sum - skipped];
    }
  }
  return [left, right];
}
