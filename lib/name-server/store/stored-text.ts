import { NamingError } from '../../protocol/errors.js';
import type { NameRecord } from './name-store.js';

/** False for a text with half of a surrogate pair, which UTF-8 cannot encode. */
export function hasUtf8(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** @throws {NamingError} when a store that keeps texts as UTF-8 cannot keep a registration */
export function checkUtf8({ name, uri, metadata, lease }: NameRecord): void {
  const bad = [name, uri, lease?.owner ?? '', ...(metadata ?? [])].find((text) => !hasUtf8(text));
  if (bad === undefined) return;
  throw new NamingError(`${JSON.stringify(bad)} has half of a surrogate pair, which UTF-8 cannot express; register another text`);
}
