import { recogniseInstances } from '../copies/process-wide.js';
import { DEFAULT_NAME_SERVER_PORT } from './constants.js';
import { isLongText, LONGEST_HASHED_TEXT } from '../serpent/costs/hash-collisions.js';
import { PyroError } from './errors.js';
import { peerText, quotedText } from './texts/peer-text.js';
import { safeText } from './texts/safe-text.js';
import { MAX_PORT, tcpLocation, UNIX_PREFIX, unixLocation } from './location.js';

const SHAPE = /^(pyro[a-z]*):(\S+?)(?:@(.+))?$/is;
/**
 * Most tags of a PYROMETA URI: a text of commas would become a list of many times its size, and sorting takes 0.5 µs for each tag. Python's
 * name server has no limit; a name has 100 tags at most at a name server of this library, unless its `limits.maxTags` is raised.
 */
export const MOST_TAGS = 1_000;
const IPV6_LOCATION = /^\[([0-9a-f:.%]+)\](?::(\d+))?$/i;

/**
 * The address of a Pyro object: `PYRO:object@host:port`, `PYRO:object@[v6]:port`, `PYRO:object@./u:socket path`,
 * `PYRONAME:name[@name server]`, `PYROMETA:tag,tag[@name server]`. The protocol may be in upper or lower case.
 *
 * @see Pyro5/core.py, `URI`
 */
export class PyroUri {
  static {
    recogniseInstances(this, 'PyroUri');
  }

  /** How the object is found: by its address, by a name, or by tags. */
  readonly protocol: 'PYRO' | 'PYRONAME' | 'PYROMETA';
  /** Object id, name, or (PYROMETA) the tags, sorted and joined by commas. */
  readonly object: string;
  /** Host of the daemon or name server. Undefined for a unix socket, and when the URI has no location. */
  readonly host: string | undefined;
  /** Port of the daemon or name server. Undefined without {@link host}. */
  readonly port: number | undefined;
  /** Path of a unix domain socket. */
  readonly socketName: string | undefined;

  /**
   * @param text line breaks at its end are ignored, so that it may be the content of a file
   * @param nameServerPort port of a name server whose URI has no port
   * @throws {PyroError} `BAD_URI`, naming the text and the fault
   */
  constructor(text: string, nameServerPort: number = DEFAULT_NAME_SERVER_PORT) {
    if (typeof text !== 'string') throw badUri(safeText(text), 'it is no string');
    const match = SHAPE.exec(withoutLineBreaks(text));
    if (!match) throw badUri(text, 'expected PYRO:object@location, PYRONAME:name or PYROMETA:tags');
    const protocol = match[1]!.toUpperCase();
    const location = match[3];
    if (protocol !== 'PYRO' && protocol !== 'PYRONAME' && protocol !== 'PYROMETA') {
      throw badUri(text, `unknown protocol ${protocol}; expected PYRO, PYRONAME or PYROMETA`);
    }
    if (protocol === 'PYRO' && location === undefined) throw badUri(text, 'a PYRO uri needs a location: @host:port or @./u:path');
    this.protocol = protocol;
    this.object = protocol === 'PYROMETA' ? sortedTags(match[2]!) : match[2]!;
    if (location === undefined) return;
    if (location.startsWith(UNIX_PREFIX)) {
      this.socketName = location.slice(UNIX_PREFIX.length);
      if (this.socketName === '' || this.socketName.includes(':'))
        throw badUri(text, 'a socket path is not empty and has no ":"');
      return;
    }
    const { host, port } = splitLocation(text, location);
    this.host = host;
    this.port = parsePort(text, port, protocol === 'PYRO' ? undefined : nameServerPort);
  }

  /** @internal Reads a text that another program wrote; undefined when it is no URI. */
  static tryParse(text: string): PyroUri | undefined {
    try {
      return new PyroUri(text);
    } catch {
      return undefined;
    }
  }

  /** `host:port`, `[v6]:port` or `./u:path`; undefined when the URI has no location. */
  get location(): string | undefined {
    if (this.host !== undefined) return tcpLocation(this.host, this.port);
    return this.socketName === undefined ? undefined : unixLocation(this.socketName);
  }

  /** The URI as a text that the constructor reads. */
  toString(): string {
    const name = `${this.protocol}:${this.object}`;
    return this.location === undefined ? name : `${name}@${this.location}`;
  }

  /** True for another URI with the same text. */
  equals(other: unknown): boolean {
    return other instanceof PyroUri && other.toString() === this.toString();
  }

  /** The `state` of a URI on the wire: protocol, object (a set of tags for PYROMETA), socket name, host, port. */
  toState(): [string, string | Set<string>, string | null, string | null, number | null] {
    const object = this.protocol === 'PYROMETA' ? tagsOf(this.object) : this.object;
    return [this.protocol, object, this.socketName ?? null, this.host ?? null, this.port ?? null];
  }

  /** Makes a URI of the state that {@link toState} gives. @throws {PyroError} `BAD_URI` when the state has another shape */
  static fromState(state: readonly unknown[]): PyroUri {
    const [protocol, object, socketName, host, port] = state;
    const tags = object instanceof Set || Array.isArray(object) ? joinedTags(object) : object;
    if (typeof protocol !== 'string' || typeof tags !== 'string')
      throw badUri(shown(state), 'the state of a uri begins with protocol and object');
    const name = `${protocol}:${tags}`;
    if (typeof socketName === 'string') return new PyroUri(`${name}@${unixLocation(socketName)}`);
    if (typeof host !== 'string') return new PyroUri(name);
    return new PyroUri(`${name}@${tcpLocation(host, safeText(port))}`);
  }

  /** @internal The PYRO URI of an object; undefined when no URI can have the id, as an id of Python with a space or an `@`. */
  static tryAt(object: string, location: string): PyroUri | undefined {
    const uri = this.tryParse(`PYRO:${object}@${location}`);
    return uri?.object === object ? uri : undefined;
  }

  /** The PYRO URI of an object. @param location of a daemon: `host:port`, or `./u:path` */
  static at(object: string, location: string): PyroUri {
    return new PyroUri(`PYRO:${object}@${location}`);
  }
}

/** Removes line breaks at the end. A regular expression would take quadratic time if the text has many line breaks elsewhere. */
function withoutLineBreaks(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end--;
  return text.slice(0, end);
}

/** A tag that is too long for a Set: V8 does not hash it. */
export function longTagOf(tags: readonly string[]): string | undefined {
  return tags.find(isLongText);
}

/** Sorts tags that commas part, which have no white space. @throws {PyroError} `BAD_URI` on more than {@link MOST_TAGS}, and on long ones */
function sortedTags(text: string): string {
  const tags = text.split(',', MOST_TAGS + 1);
  checkTags(tags.length, text);
  const long = longTagOf(tags);
  if (long !== undefined)
    throw badUri(
      text,
      `a tag of PYROMETA has ${long.length} characters, of at most ${LONGEST_HASHED_TEXT}; ask for shorter ones`,
    );
  if (tags.every((tag, index) => tag !== '' && (index === 0 || tags[index - 1]! < tag))) return text;
  return [...new Set(tags)]
    .filter((tag) => tag !== '')
    .sort()
    .join(',');
}

/** @param sorted what {@link sortedTags} gave */
function tagsOf(sorted: string): Set<string> {
  return new Set(sorted === '' ? [] : sorted.split(','));
}

/** The tags of a state, as one text; undefined when one is no text. @throws {PyroError} `BAD_URI` on more than {@link MOST_TAGS} */
function joinedTags(tags: ReadonlySet<unknown> | readonly unknown[]): string | undefined {
  checkTags('size' in tags ? tags.size : tags.length, 'PYROMETA');
  const texts = [...tags];
  return texts.every((tag) => typeof tag === 'string') ? texts.join(',') : undefined;
}

function checkTags(count: number, text: string): void {
  if (count > MOST_TAGS) throw badUri(text, `PYROMETA has more than ${MOST_TAGS} tags; ask for fewer`);
}

function splitLocation(text: string, location: string): { host: string; port: string | undefined } {
  if (!location.startsWith('[')) {
    const colon = location.indexOf(':');
    const host = colon < 0 ? location : location.slice(0, colon);
    if (host === '') throw badUri(text, 'the host is empty');
    // Python takes both, and finds no such host; Node 26 throws for a zero byte before it looks the host up
    if (/[\s\p{Cc}]/u.test(host)) throw badUri(text, 'a host has no white space and no control characters');
    return { host, port: colon < 0 ? undefined : location.slice(colon + 1) };
  }
  if (location.startsWith('[[')) throw badUri(text, 'invalid ipv6 address: enclosed in too many brackets');
  const match = IPV6_LOCATION.exec(location.trimEnd());
  if (!match) throw badUri(text, 'invalid ipv6 address: the part between brackets must be a numeric ipv6 address');
  return { host: match[1]!, port: match[2] };
}

function parsePort(text: string, port: string | undefined, fallback: number | undefined): number {
  if (port === undefined || port === '') {
    if (fallback === undefined) throw badUri(text, 'the port is missing');
    return fallback;
  }
  // as Python's int(), which takes white space around a number
  const digits = port.trim();
  const number = /^\d{1,5}$/.test(digits) ? Number(digits) : NaN;
  if (!(number <= MAX_PORT)) throw badUri(text, `invalid port in uri, port=${peerText(port)}`);
  return number;
}

function shown(state: readonly unknown[]): string {
  return `(${state.slice(0, 5).map(safeText).join(', ')})`;
}

function badUri(text: string, why: string): PyroError {
  return new PyroError(`invalid uri ${quotedText(text)}: ${why}`, { code: 'BAD_URI' });
}
