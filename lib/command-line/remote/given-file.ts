import { readFileSync } from 'node:fs';
import { CommandFailure, EXIT_CODES } from '../terminal/exit-codes.js';

/** The content of a file that an option names. @param name of the file, in the error @throws {CommandFailure} when the file cannot be read */
export function contentOf(file: string | number, name = String(file)): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`cannot read ${name}: ${(error as Error).message}`, EXIT_CODES.usage.code, { cause: error });
  }
}
