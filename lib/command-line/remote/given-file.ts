import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandFailure, EXIT_CODES } from '../terminal/exit-codes.js';

/** The number of the standard input, in place of the path of a file. */
export const STANDARD_INPUT = 0;

/** Paths of files that only this process has: what `<(command)` of a shell gives, and the standard input. */
const OWN_FILES = /^\/(?:dev\/(?:stdin$|fd\/)|proc\/)/;

const STANDARD_INPUTS: readonly string[] = ['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];

/** Contents of files, by path. A command may ask for a file several times, and a pipe gives its content once. */
const contents = new Map<string | number, string>();

/**
 * The content of a file that an option names. It is read once in the life of the process.
 *
 * @param name of the file, in the error
 * @throws {CommandFailure} when the file cannot be read
 */
export function contentOf(file: string | number, name = String(file)): string {
  const path = typeof file === 'number' ? file : isStandardInput(file) ? STANDARD_INPUT : resolve(file);
  let content = contents.get(path);
  if (content === undefined) contents.set(path, (content = read(path, name)));
  return content;
}

/** Whether only this process can read a file: another command cannot, and it may be the terminal. */
export function isOwnFile(file: string): boolean {
  return OWN_FILES.test(resolve(file));
}

/** Whether a path is one of the standard input. */
export function isStandardInput(file: string): boolean {
  return STANDARD_INPUTS.includes(resolve(file));
}

function read(path: string | number, name: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandFailure(`cannot read ${name}: ${(error as Error).message}`, EXIT_CODES.usage.code, { cause: error });
  }
}
