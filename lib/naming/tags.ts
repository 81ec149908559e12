import { PyroError } from '../protocol/errors.js';

/**
 * Metadata tags as they are sent.
 *
 * @throws {PyroError} `CONFIG` when they are no collection of strings; a text alone would be one of its letters
 */
export function tagList(tags: Iterable<string>): string[] {
  const isCollection = typeof tags === 'object' && tags !== null && Symbol.iterator in tags;
  const list = isCollection ? [...tags] : [];
  if (isCollection && list.every((tag) => typeof tag === 'string')) return list;
  throw new PyroError(`metadata is ${JSON.stringify(tags)}; it must be a collection of tags, which are strings: ["camera"]`, {
    code: 'CONFIG',
  });
}
