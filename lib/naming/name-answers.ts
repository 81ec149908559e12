import { ProtocolError } from '../protocol/errors.js';
import { safeText } from '../protocol/texts/safe-text.js';
import { longTagOf, PyroUri } from '../protocol/uri.js';
import type { NameRegistration } from './name-records.js';

/** Reads a URI of the answer of a name server. These functions throw a ProtocolError for an answer of another shape. */
export function answeredUri(value: unknown): PyroUri {
  const uri = value instanceof PyroUri ? value : typeof value === 'string' ? PyroUri.tryParse(value) : undefined;
  if (uri === undefined) throw badAnswer('a URI');
  return uri;
}

export function registrationOf(value: unknown): NameRegistration {
  const [uri, metadata] = answeredTuple(value);
  return { uri: uriTextOf(uri), metadata: tagSetOf(metadata) };
}

/** The text of a URI. It may be no URI: Python's name server takes texts that are none here. */
export function uriTextOf(value: unknown): string {
  return value instanceof PyroUri ? value.toString() : answeredText(value, 'a URI');
}

export function answeredText(value: unknown, expected: string): string {
  if (typeof value === 'string') return value;
  throw badAnswer(expected);
}

export function answeredCount(value: unknown): number {
  if (typeof value === 'number') return value;
  throw badAnswer('a number');
}

/**
 * Python's name server takes tags that are no texts.
 *
 * @returns the set itself when it holds texts only: an answer may have many names, and a copy of each set would take as much memory again
 */
export function tagSetOf(value: unknown): Set<string> {
  if (!Array.isArray(value) && !(value instanceof Set)) throw badAnswer('a set of tags');
  const tags = [...(value as Iterable<unknown>)];
  return value instanceof Set && tags.every((tag) => typeof tag === 'string')
    ? (value as Set<string>)
    : setOfTexts(tags.map((tag) => (typeof tag === 'string' ? tag : safeText(tag))));
}

/** @throws {ProtocolError} on long texts, of which V8 makes a Set in quadratic time */
function setOfTexts(texts: readonly string[]): Set<string> {
  const long = longTagOf(texts);
  if (long !== undefined) throw badAnswer(`tags shorter than one of ${long.length} characters`);
  return new Set(texts);
}

export function answeredTuple(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw badAnswer('a tuple');
}

/** Converts the values of a received dict in place. */
export function nameMapOf<V>(value: unknown, valueOf: (value: unknown) => V): Map<string, V> {
  if (!(value instanceof Map)) throw badAnswer('a dict');
  const names = value as Map<unknown, unknown>;
  for (const [name, entry] of names) {
    if (typeof name !== 'string') throw badAnswer('a dict of names');
    names.set(name, valueOf(entry));
  }
  return names as Map<string, V>;
}

export function badAnswer(expected: string): ProtocolError {
  return new ProtocolError(`the name server did not answer with ${expected}`);
}
