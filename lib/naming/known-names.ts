import { heapRoomBytes } from '../options/heap-share.js';
import { NamingError } from '../protocol/errors.js';
import { overLimit } from '../protocol/over-limit.js';
import { PyroUri } from '../protocol/uri.js';
import { type NameWatchLimits, watchOverLimit } from './name-limits.js';
import type { NameEvent, NameRegistration } from './name-records.js';

/** The memory of a name with its registration, without its texts, and of a tag, in bytes. */
const NAME_BYTES = 350;
const TAG_BYTES = 60;
/** Memory that a watch takes between two looks at how full the heap is, in bytes. */
const LOOK_BYTES = 2 ** 20;

interface KnownName {
  readonly registration: NameRegistration;
  readonly bytes: number;
  /** The number of the list in which the name server told of the name last. */
  list: number;
}

/**
 * The names that a watch has given to its user, within its limits. A name server, and each program that registers names, decides how many
 * names there are, and how long.
 */
export class KnownNames {
  private readonly names = new Map<string, KnownName>();
  /** Names whose registration is to be given at the end of the list; true for names that are new. */
  private readonly pending = new Map<string, boolean>();
  private bytes = 0;
  private lookAtBytes = LOOK_BYTES;
  /** Number of the list of all names that the name server is telling, or has told last. */
  private list = 0;
  private isInList = false;
  private isFirst = false;

  /** @param isWanted other names are passed over */
  constructor(
    private readonly limits: NameWatchLimits,
    private readonly isWanted: (name: string) => boolean,
  ) {}

  /** A list of all names begins. */
  beginList(): void {
    this.list++;
    this.isInList = true;
    this.isFirst = this.names.size === 0;
  }

  /** The list of all names is over. @returns the names that were not in the list, then those that are new or have changed */
  *endList(): Iterable<NameEvent> {
    if (!this.isInList) return;
    this.isInList = false;
    for (const [name, { list }] of this.names) {
      const event = list === this.list ? undefined : this.removed(name);
      if (event) yield event;
    }
    for (const name of this.pending.keys()) {
      this.pending.delete(name);
      const { uri, metadata } = this.names.get(name)!.registration;
      yield { kind: 'registered', name, uri: new PyroUri(uri), metadata };
    }
  }

  /**
   * Notes a registration. A name whose URI cannot be read counts as removed.
   *
   * @returns the event; undefined when nothing has changed, and when {@link endList} gives the event
   * @throws {NamingError} when the name is over a limit of the watch
   */
  registered(name: string, registration: NameRegistration): NameEvent | undefined {
    if (!this.isWanted(name)) return undefined;
    const bytes = this.measure(name, registration);
    const before = this.names.get(name);
    if (before && isSame(before.registration, registration)) {
      before.list = this.list;
      return undefined;
    }
    const uri = PyroUri.tryParse(registration.uri);
    // Python's name server takes URIs that are none here, such as one with port 99999
    if (uri === undefined) return this.removed(name);
    this.hold(bytes - (before?.bytes ?? 0), before === undefined);
    this.names.set(name, { registration, bytes, list: this.list });
    if (!this.isInList || this.isFirst) return { kind: 'registered', name, uri, metadata: registration.metadata };
    if (!this.pending.has(name)) this.pending.set(name, before === undefined);
    return undefined;
  }

  /** @returns undefined for a name that the user of the watch does not know */
  removed(name: string): NameEvent | undefined {
    const known = this.names.get(name);
    if (known === undefined) return undefined;
    this.names.delete(name);
    this.bytes -= known.bytes;
    const isNew = this.pending.get(name) ?? false;
    this.pending.delete(name);
    return isNew ? undefined : { kind: 'removed', name };
  }

  /** @returns the memory of a name, as estimated @throws {NamingError} when a text is over its limit */
  private measure(name: string, { uri, metadata }: NameRegistration): number {
    this.check('maxNameLength', name.length, 'characters in a name');
    this.check('maxUriLength', uri.length, 'characters in a uri');
    this.check('maxTags', metadata.size, 'metadata tags of a name');
    let length = 0;
    for (const tag of metadata) {
      this.check('maxTagLength', tag.length, 'characters in a metadata tag');
      length += tag.length;
    }
    this.check('maxTagsLength', length, 'characters in all metadata tags of a name');
    return NAME_BYTES + metadata.size * TAG_BYTES + 2 * (name.length + uri.length + length);
  }

  private check(limit: keyof NameWatchLimits, count: number, what: string): void {
    if (count > this.limits[limit]) throw watchOverLimit(limit, this.limits, `${count} ${what}`);
  }

  /** Counts what is about to be held. */
  private hold(bytes: number, isNew: boolean): void {
    const count = this.names.size + (isNew ? 1 : 0);
    this.check('maxNames', count, 'names');
    this.bytes += bytes;
    this.check('maxHeldBytes', this.bytes, `bytes in ${count} names`);
    if (this.bytes <= this.lookAtBytes) return;
    // other watches and values may have filled the heap
    const room = heapRoomBytes();
    if (room < LOOK_BYTES) {
      const text = `the watch ends: the heap of this process has no room for more than ${count} names of ${this.bytes} bytes`;
      const remedy = 'watch fewer names by prefix or tags, or give the process a larger heap (node --max-old-space-size)';
      throw overLimit('maxHeldBytes', new NamingError(`${text}; ${remedy}`));
    }
    this.lookAtBytes = this.bytes + LOOK_BYTES;
  }
}

function isSame(one: NameRegistration, other: NameRegistration): boolean {
  const { uri, metadata } = other;
  return one.uri === uri && one.metadata.size === metadata.size && [...one.metadata].every((tag) => metadata.has(tag));
}
