import { PyComplex, PyFloat } from '../serpent/index.js';
import { peerText, quotedText } from './texts/peer-text.js';
import { referenceOf } from './proxy-reference.js';
import { safeText } from './texts/safe-text.js';
import { PyroUri } from './uri.js';

const MAX_ITEMS = 10;
const MAX_INNER_CHARS = 100;
/** Once the args of an exception that are no strings have so many characters, further ones are left out. */
const MAX_OTHER_CHARS = 2_000;

/**
 * The text of a received value for error messages: of long strings the beginning, of containers the first members.
 *
 * Node's `inspect` is not used, because it writes all members of an object, however many a peer has sent.
 */
export function shortText(value: unknown): string {
  return typeof value === 'string' ? peerText(value) : inner(value, 2);
}

/** The text of a received value that a parameter or member does not take: as {@link shortText}, with strings in quotes, and `None`. */
export function foundText(value: unknown): string {
  return value === null ? 'None' : inner(value, 2);
}

/** The texts of the args of an exception. Strings are whole, since they are what the peer has to say. */
export function shortTexts(values: readonly unknown[]): string {
  const texts: string[] = [];
  let room = MAX_OTHER_CHARS;
  for (const value of values.slice(0, MAX_ITEMS)) {
    if (typeof value === 'string') {
      texts.push(value);
      continue;
    }
    const text = room > 0 ? inner(value, 2) : '…';
    room -= text.length;
    texts.push(text);
  }
  if (values.length > MAX_ITEMS) texts.push('…');
  return texts.join(', ');
}

/** The message of an exception that a program makes with these args. Never throws, even when code of the args throws. */
export function messageOfArgs(args: readonly unknown[]): string {
  return args.map((arg) => (typeof arg === 'object' && arg !== null ? safeInner(arg) : safeText(arg))).join(', ');
}

function safeInner(value: object): string {
  try {
    return inner(value, 2);
  } catch {
    return safeText(value);
  }
}

function inner(value: unknown, depth: number): string {
  if (typeof value === 'string') return quotedText(value, MAX_INNER_CHARS);
  if (typeof value !== 'object' || value === null) return peerText(String(value), MAX_INNER_CHARS);
  if (value instanceof PyFloat || value instanceof PyComplex) return value.toString();
  // references of marshal may share a URI of a long name
  if (value instanceof PyroUri) return peerText(value.toString());
  if (value instanceof Error) return peerText(errorText(value), MAX_INNER_CHARS);
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  if (Array.isArray(value) || value instanceof Set) return `[${members(value, (item) => inner(item, depth - 1), depth)}]`;
  const entries = value instanceof Map ? value : plainEntries(value);
  if (entries === undefined) return instanceText(value);
  return `{${members(entries, ([key, item]) => `${inner(key, depth - 1)}: ${inner(item, depth - 1)}`, depth)}}`;
}

/** The text of an error inside of another error's message: `builtins.KeyError: chair`. */
function errorText(error: Error): string {
  const { message, name } = error;
  return message.startsWith(name) || 'pythonType' in error ? message : `${name}: ${message}`;
}

/** The text of an object that is no plain value: of a proxy its URI, of all others the name of their class. */
function instanceText(value: object): string {
  const reference = referenceOf(value);
  if (reference) return `[Proxy ${peerText(String(reference.uri))}]`;
  const type = (Object.getPrototypeOf(value) as object | null)?.constructor;
  return `[${type?.name || 'object'}]`;
}

function members<T>(items: Iterable<T>, text: (item: T) => string, depth: number): string {
  const texts: string[] = [];
  for (const item of items) {
    if (depth === 0 || texts.length === MAX_ITEMS) {
      texts.push('…');
      break;
    }
    texts.push(text(item));
  }
  return texts.join(', ');
}

function plainEntries(value: object): Iterable<[unknown, unknown]> | undefined {
  return Object.getPrototypeOf(value) === Object.prototype ? entriesOf(value as Record<string, unknown>) : undefined;
}

/** Gives the entries of a dict, each when it is asked for: only the first entries are shown. */
function* entriesOf(value: Record<string, unknown>): Iterable<[unknown, unknown]> {
  for (const key of Object.keys(value)) yield [key, value[key]];
}
