import type { Call } from '../../daemon/call/call.js';
import type { SessionConnection } from '../../daemon/connection/session-connection.js';
import { DEFAULT_MAX_NAMES, NAME_TEXT_LIMITS } from '../../naming/name-limits.js';
import { NAMES_SHARE_BYTES } from '../../options/heap-share.js';
import { NamingError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import { overLimit } from '../../protocol/over-limit.js';
import { PythonException, pythonTypeError } from '../../protocol/python-exception.js';
import { shortText } from '../../protocol/short-text.js';
import { PyroUri } from '../../protocol/uri.js';
import { isPlainObject } from '../../serializers/contract/plain-object.js';

/** The limits of a name server. */
export interface NameLimits {
  /** Registered names, the name server's own included. Default 200,000. */
  maxNames: number;
  /**
   * Memory of all registrations together, in bytes: names, URIs, tags and owners of leases with a byte for each character, or two when one is
   * over U+00FF; and 200 for each name, 85 for each tag and 80 for each lease. Default an eighth of the heap limit of the process, and at
   * most 268,435,456 (256 MiB).
   */
  maxStoredBytes: number;
  /** Characters of a name. Default 1,000. */
  maxNameLength: number;
  /** Characters of a URI. Default 4,000. */
  maxUriLength: number;
  /** Metadata tags of a name. Default 100. */
  maxTags: number;
  /** Characters of a tag. Default 1,000. */
  maxTagLength: number;
  /** Characters of all metadata tags of a name. Default 10,000. */
  maxTagsLength: number;
  /** Characters of a regular expression. Default 1,000. */
  maxRegexLength: number;
  /**
   * Instructions of a regular expression with its repetitions written out: `(ab?){10}` has 50. One name takes this many steps for each of
   * its characters, some 20 ns each. Default 2,000.
   */
  maxRegexInstructions: number;
  /** Time for which one call may match names with a regular expression, in milliseconds. Default 5,000. */
  maxRegexMs: number;
  /** Calls that wait until the large lists of others were made, those of over 1,000 names. One client may have half. Default 100. */
  maxWaitingLists: number;
  /** Time for which a call waits for the large lists of others, in milliseconds. Default 60,000. */
  maxListWaitMs: number;
  /** Open watches. One client may have half. Default 1,000. */
  maxWatches: number;
  /**
   * Memory that all watches hold: names that their readers have not read yet, the names of watches with tags, and the last changes. One
   * client may have half. Default an eighth of the heap limit of the process.
   */
  maxWatchBytes: number;
  /** Longest lease that a program may ask for, in milliseconds. Default 3,600,000 (an hour). */
  maxLeaseMs: number;
  /** Names whose leases one call renews. At least 1,000: programs of this library renew so many at a time. Default 10,000. */
  maxRenewedNames: number;
}

export const DEFAULT_NAME_LIMITS: NameLimits = {
  maxNames: DEFAULT_MAX_NAMES,
  // also for names in SQLite: a list has all of them in memory
  maxStoredBytes: Math.min(256 * 2 ** 20, NAMES_SHARE_BYTES),
  ...NAME_TEXT_LIMITS,
  maxRegexLength: 1_000,
  maxRegexInstructions: 2_000,
  maxRegexMs: 5_000,
  maxWaitingLists: 100,
  maxListWaitMs: 60_000,
  maxWatches: 1_000,
  maxWatchBytes: NAMES_SHARE_BYTES,
  maxLeaseMs: 3_600_000,
  maxRenewedNames: 10_000,
};

/**
 * Reads the arguments of the name server's methods, as Pyro5 does.
 *
 * @see Pyro5/nameserver.py, `NameServer`
 */
export class NameArguments {
  constructor(private readonly limits: NameLimits) {}

  name(value: unknown): string {
    if (typeof value !== 'string') throw pythonTypeError('name must be a str');
    return this.limited('name', value, 'maxNameLength');
  }

  /** The text of a URI. @throws {PyroError} `BAD_URI` when the value is no URI */
  uri(value: unknown): string {
    if (value instanceof PyroUri) return value.toString();
    if (typeof value !== 'string') throw pythonTypeError('only URIs or strings can be registered');
    this.limited('uri', value, 'maxUriLength');
    void new PyroUri(value);
    return value;
  }

  /** A set of tags; undefined for Python's None. */
  tags(value: unknown, argument: string): ReadonlySet<string> | undefined {
    if (value === null || value === undefined) return undefined;
    const tags = new Set<string>();
    let length = 0;
    for (const tag of iterableOf(value, argument)) {
      if (typeof tag !== 'string') throw pythonTypeError(`a metadata tag must be a str, not ${pythonTypeName(tag)}`);
      tags.add(this.limited('metadata tag', tag, 'maxTagLength'));
      length += tag.length;
    }
    const { maxTagsLength } = this.limits;
    if (length > maxTagsLength) throw tooMany('characters in all metadata tags', length, 'maxTagsLength', maxTagsLength);
    if (tags.size > this.limits.maxTags) throw tooMany('metadata tags', tags.size, 'maxTags', this.limits.maxTags);
    return tags;
  }

  /**
   * The tags of a search. Values of other types are taken, as in Python, although no name has such a tag.
   *
   * @returns the texts, and whether there are other values
   */
  searchedTags(given: unknown, argument: string): { readonly tags: readonly string[]; readonly hasOthers: boolean } {
    const texts: string[] = [];
    let hasOthers = false;
    // not copied: a list of the bytes of a value takes eight times as much memory
    for (const value of iterableOf(given, argument)) {
      checkHashable(value);
      if (typeof value === 'string') texts.push(value);
      else hasOthers = true;
    }
    return { tags: [...this.tags(texts, argument)!], hasOthers };
  }

  /** The names of a renewal. */
  renewedNames(value: unknown): string[] {
    const names: string[] = [];
    let count = 0;
    const { maxRenewedNames } = this.limits;
    for (const name of iterableOf(value, 'names')) if (++count <= maxRenewedNames) names.push(this.name(name));
    if (count > maxRenewedNames) {
      throw tooMany('names in one renewal of leases: renew them in parts', count, 'maxRenewedNames', maxRenewedNames);
    }
    return names;
  }

  regex(value: unknown): string {
    if (typeof value !== 'string') throw pythonTypeError('first argument must be string or compiled pattern');
    return this.limited('regex', value, 'maxRegexLength');
  }

  prefix(value: unknown): string {
    if (typeof value !== 'string') throw pythonTypeError(`startswith first arg must be str, not ${pythonTypeName(value)}`);
    return this.limited('prefix', value, 'maxNameLength');
  }

  leaseMs(value: unknown): number {
    const { maxLeaseMs } = this.limits;
    if (typeof value === 'number' && value >= 1_000 && value <= maxLeaseMs) return Math.ceil(value);
    throw new PythonException('builtins.ValueError', [
      `a lease of ${shortText(value)} ms; it must be from 1000 to ${maxLeaseMs} ms (the name server's option limits.maxLeaseMs)`,
    ]);
  }

  private limited(what: string, text: string, limit: keyof NameLimits): string {
    if (text.length > this.limits[limit]) throw tooMany(`characters in a ${what}`, text.length, limit, this.limits[limit]);
    return text;
  }
}

/** @param begin stands before the text, so that clients recognise the error */
export function tooMany(what: string, count: number, option: keyof NameLimits, limit: number, begin = ''): NamingError {
  return overLimit(
    option,
    refusal(new NamingError(`${begin}${count} ${what}; the name server takes ${limit} (its option limits.${option})`)),
  );
}

/**
 * The client that a call counts for, where one client may have half of a limit: the remote address, or the connection where addresses have no
 * limits.
 */
export function clientOf(call: Call): object {
  return call.connection.address ?? call.connection;
}

/** The words by which errors call the client. */
export function clientName({ address }: SessionConnection): string {
  return address?.name ?? 'this connection';
}

/** False for values that Python takes for false. In the name server's methods they mean that an argument was not given. */
export function isTrueInPython(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0 || value === 0n) return false;
  if (value instanceof Map || value instanceof Set) return value.size > 0;
  if (isPlainObject(value)) return Object.keys(value).length > 0;
  return !(Array.isArray(value) || Buffer.isBuffer(value)) || value.length > 0;
}

function iterableOf(value: unknown, argument: string): Iterable<unknown> {
  if (typeof value === 'string') throw pythonTypeError(`${argument} should not be a str, but another iterable (set, list, etc)`);
  if (value instanceof Map) return value.keys();
  if (typeof value !== 'object' || value === null) throw notIterable(value);
  if (Symbol.iterator in value) return value as Iterable<unknown>;
  if (isPlainObject(value)) return Object.keys(value);
  throw notIterable(value);
}

/** @throws {PythonException} `TypeError`, for a value that cannot be in a set of Python */
export function checkHashable(value: unknown): void {
  if (Array.isArray(value) || isPlainObject(value) || value instanceof Map || value instanceof Set) {
    throw pythonTypeError(`unhashable type: '${pythonTypeName(value)}'`);
  }
}

const notIterable = (value: unknown): PythonException => pythonTypeError(`'${pythonTypeName(value)}' object is not iterable`);

/** Python's name of the type of a received value. */
function pythonTypeName(value: unknown): string {
  if (value === null || value === undefined) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return 'int';
  if (typeof value === 'number') return 'float';
  if (typeof value === 'string') return 'str';
  if (Buffer.isBuffer(value)) return 'bytes';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Set) return 'set';
  return value instanceof Map || isPlainObject(value) ? 'dict' : 'object';
}
