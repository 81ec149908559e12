import module from 'node:module';
import { join } from 'node:path';
import { CommandFailure, EXIT_CODES } from './exit-codes.js';

/**
 * Loads a package that only some commands need. The first of these that has it: the project, the working directory, the directory of this
 * package.
 *
 * @param directory the folder of the project
 * @param purpose what needs the package, for the error
 * @throws {CommandFailure} when it is not installed
 */
export function optionalPackage<T>(name: string, purpose: string, directory = process.cwd()): T {
  for (const base of [join(directory, 'package.json'), join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      return module.createRequire(base)(name) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new CommandFailure(`${purpose} needs the package ${name}: npm install --save-dev ${name}`, EXIT_CODES.usage.code);
}
