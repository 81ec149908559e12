import { readFileSync } from 'node:fs';
import { configError } from '../../options/option-checks.js';
import type { SignatureBook } from '../contract/signatures.js';

/**
 * Reads the option `signatures`.
 *
 * @param given the book, or the path of its file
 * @throws {PyroError} `CONFIG`, when the file cannot be read, or has something else in it
 */
export function loadSignatures(given: string | SignatureBook | undefined): SignatureBook | undefined {
  const book = typeof given === 'string' ? readBook(given) : given;
  if (book !== undefined && !isBook(book)) {
    const where = typeof given === 'string' ? `the file ${given}` : 'the value';
    throw configError(
      `signatures: ${where} has no \`classes\` with methods and attributes; npx nestjs-pyro pyi --signatures FILE writes it`,
    );
  }
  return book;
}

function readBook(path: string): SignatureBook {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SignatureBook;
  } catch (error) {
    const { message } = error as Error;
    throw configError(
      `signatures: cannot read ${path}: ${message}; npx nestjs-pyro pyi --signatures FILE writes it`,
      error as Error,
    );
  }
}

function isBook(book: unknown): book is SignatureBook {
  const { classes } = (book ?? {}) as Partial<SignatureBook>;
  return (
    isObject(classes) &&
    Object.values(classes).every((each) => isObject(each) && isObject(each.methods) && isObject(each.attributes))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
