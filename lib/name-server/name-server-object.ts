import { randomUUID } from 'node:crypto';
import { currentContext, servedCallOrNone } from '../daemon/call/call.js';
import { expose } from '../daemon/object/expose.js';
import { params } from '../objects/parameters/declared-parameters.js';
import type { Pending } from '../objects/keyed-instances.js';
import { NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { NamingError } from '../protocol/errors.js';
import { refusal } from '../protocol/refusals.js';
import { PythonException } from '../protocol/python-exception.js';
import { PyroUri } from '../protocol/uri.js';
import { pyTuple, type PyTuple } from '../serpent/index.js';
import { NAME_IN_USE } from '../naming/registrar/registrar-lease.js';
import { ChangeLog } from './watches/change-log.js';
import { nameFeed, type NameFeedItem } from './watches/name-feed.js';
import type { NameRules } from './names/name-policy.js';
import { type ListedName, NameLists } from './names/name-lists.js';
import { namePattern } from './names/name-pattern.js';
import { NameRoom } from './names/name-room.js';
import { checkHashable, isTrueInPython, NameArguments, type NameLimits } from './names/name-rules.js';
import { TimeSlices } from './store/time-slices.js';
import { WatchRoom } from './watches/watch-room.js';
import { afterwards, type NameLease, type NameRecord, type NameStore, type NameRemoveOptions } from './store/name-store.js';

/** Names that are removed in one step, at most. Others are served between two steps, and watches skip names of no concern to them. */
const REMOVED_AT_ONCE = 500;

/**
 * The object `Pyro.NameServer`: its methods, with the arguments, results and errors of Pyro5's name server.
 *
 * Python's name server does not have `register_leased`, `renew_leases`, `store_id` and `watch`. Clients find them in the metadata.
 *
 * @see Pyro5/nameserver.py, `NameServer`
 */
export class NameServer {
  private readonly read: NameArguments;
  private readonly room: NameRoom;
  private readonly lists: NameLists;
  private readonly ownStoreId = randomUUID();
  private readonly watches: WatchRoom;
  private readonly changes: ChangeLog;

  constructor(
    private readonly store: NameStore,
    private readonly limits: NameLimits,
    private readonly rules: NameRules,
    /** Ends all watches. */
    private readonly closing: AbortSignal,
  ) {
    this.read = new NameArguments(limits);
    this.room = new NameRoom(store, limits);
    this.lists = new NameLists(store, limits);
    this.watches = new WatchRoom(limits);
    this.changes = new ChangeLog(store, this.watches);
  }

  count(): Pending<number> {
    return this.store.count();
  }

  ping(): void {}

  /** Id of the store. Name servers with the same id share their names, and a program registers at one of them only. */
  store_id(): string {
    return this.store.sharedId ?? this.ownStoreId;
  }

  lookup(name: unknown, withMetadata: unknown = false): Pending<PyroUri | PyTuple> {
    const known = this.read.name(name);
    return afterwards(this.store.get(known), (record) => {
      if (record === undefined) throw unknownName(known);
      const uri = new PyroUri(record.uri);
      return isTrueInPython(withMetadata) ? pyTuple(uri, new Set(record.metadata)) : uri;
    });
  }

  async register(name: unknown, uri: unknown, safe: unknown = false, metadata: unknown = null): Promise<void> {
    await this.put(name, uri, isTrueInPython(safe), metadata, undefined);
  }

  /**
   * Registers a name for a limited time. The owner restarts the time by `renew_leases`; another program cannot register the name meanwhile.
   *
   * @param owner a random text that the program chose
   * @param ttlMs milliseconds
   */
  async register_leased(
    name: unknown,
    uri: unknown,
    owner: unknown,
    ttlMs: unknown,
    safe: unknown = false,
    metadata: unknown = null,
  ): Promise<void> {
    await this.put(name, uri, isTrueInPython(safe), metadata, { owner: this.read.name(owner), ttlMs: this.read.leaseMs(ttlMs) });
  }

  /** Begins the leases of names anew. @returns the names that the owner holds no lease of */
  renew_leases(owner: unknown, names: unknown): Pending<string[]> {
    return this.store.renew(this.read.name(owner), this.read.renewedNames(names));
  }

  async set_metadata(name: unknown, metadata: unknown): Promise<void> {
    const known = this.read.name(name);
    const tags = this.read.tags(metadata, 'metadata');
    const context = currentContext();
    await this.rules.check('setMetadata', known, context);
    const answer = await this.room.take({ name: known, metadata: tags }, async () => {
      const first = await this.store.setMetadata(known, tags, { takeover: false });
      if (first !== 'held') return first;
      if (!(await this.rules.allows('takeover', known, context))) throw await this.heldName(known);
      return this.store.setMetadata(known, tags, { takeover: true });
    });
    if (answer === 'unknown') throw unknownName(known);
  }

  /** Removes a name, or the names that a filter selects, but never the name server's own. @returns the number of removed names */
  async remove(name: unknown = null, prefix: unknown = null, regex: unknown = null, owner: unknown = null): Promise<number> {
    const by = owner === null ? undefined : this.read.name(owner);
    if (isTrueInPython(name) && name !== NAME_SERVER_OBJECT_ID) {
      if (typeof name !== 'string') {
        checkHashable(name);
        return 0;
      }
      const one = this.read.name(name);
      const removed = await this.removeAll([one], by);
      if (removed === 0 && (await this.store.get(one))?.lease !== undefined) throw await this.heldName(one);
      return removed;
    }
    if (!isTrueInPython(prefix) && !isTrueInPython(regex)) return 0;
    const call = servedCallOrNone();
    // the answer tells which names there are
    await this.rules.check('list', undefined, call);
    const records = isTrueInPython(prefix)
      ? await this.lists.select({ by: 'prefix', prefix: this.read.prefix(prefix) }, call)
      : await this.lists.selectMatching(this.pattern(regex), call);
    const names = records.map((record) => record.name).filter((found) => found !== NAME_SERVER_OBJECT_ID);
    return this.lists.hold(names.length, call, () => this.removeAll(names, by));
  }

  /** The URIs of the names that a filter selects, or of all names. Returns a promise only when it has to wait. */
  list(prefix: unknown = null, regex: unknown = null, withMetadata: unknown = false): Pending<Map<string, ListedName>> {
    if (isTrueInPython(prefix) && isTrueInPython(regex)) throw valueError('you can only filter on one thing at a time');
    const call = servedCallOrNone();
    return afterwards(this.rules.check('list', undefined, call), () => {
      // nobody gets the result
      if (call?.oneway) return new Map<string, ListedName>();
      const isTagged = isTrueInPython(withMetadata);
      if (isTrueInPython(prefix)) return this.lists.list({ by: 'prefix', prefix: this.read.prefix(prefix) }, isTagged, call);
      if (!isTrueInPython(regex)) return this.lists.list({ by: 'all' }, isTagged, call);
      return this.lists.listMatching(this.pattern(regex), isTagged, call);
    });
  }

  /** The names that have all or any of the tags. Returns a promise only when it has to wait. */
  yplookup(metaAll: unknown = null, metaAny: unknown = null, withMetadata: unknown = true): Pending<Map<string, ListedName>> {
    if (isTrueInPython(metaAll) && isTrueInPython(metaAny))
      throw valueError("you can't use meta_all or meta_any at the same time");
    const [match, given] = isTrueInPython(metaAll) ? (['all', metaAll] as const) : (['any', metaAny] as const);
    if (!isTrueInPython(given)) return new Map();
    const { tags, hasOthers } = this.read.searchedTags(given, `metadata_${match}`);
    const call = servedCallOrNone();
    return afterwards(this.rules.check('list', undefined, call), () => {
      if (tags.length === 0 || (match === 'all' && hasOthers) || call?.oneway) return new Map<string, ListedName>();
      return this.lists.list({ by: 'tags', tags, match }, isTrueInPython(withMetadata), call);
    });
  }

  /** Follows the names that begin with a prefix and have all of the tags: gives the present names, `ready`, and each change. */
  async *watch(prefix: unknown = null, tags: unknown = null): AsyncGenerator<unknown> {
    const filter = {
      prefix: isTrueInPython(prefix) ? this.read.prefix(prefix) : '',
      tags: [...(this.read.tags(tags, 'tags') ?? [])],
    };
    await this.rules.check('list', undefined, currentContext());
    const watch = this.watches.open(servedCallOrNone());
    try {
      const { lists, changes, closing } = this;
      for await (const item of nameFeed(lists, changes, filter, closing, watch)) yield feedItem(item);
    } finally {
      watch.close();
    }
  }

  private async put(name: unknown, uri: unknown, safe: boolean, metadata: unknown, lease: NameLease | undefined): Promise<void> {
    const context = currentContext();
    const record: NameRecord = {
      uri: this.read.uri(uri),
      name: this.read.name(name),
      metadata: this.read.tags(metadata, 'metadata'),
      lease,
    };
    await this.rules.check('register', record.name, context);
    if (record.name === NAME_SERVER_OBJECT_ID && context) await this.rules.check('takeover', record.name, context);
    await this.room.take(record, async () => {
      const obstacle = await this.store.put(record, { safe, takeover: false });
      if (obstacle === undefined) return;
      const isHeld = obstacle.lease !== undefined && obstacle.lease.owner !== lease?.owner;
      if (safe || !isHeld) throw refusal(new NamingError(`name already registered: ${record.name}`));
      if (!(await this.rules.allows('takeover', record.name, context))) throw await this.heldName(record.name);
      await this.store.put(record, { safe, takeover: true });
    });
  }

  /** @throws {SecurityError} when the policy refuses one of the names; none is removed then */
  private async removeAll(names: readonly string[], owner: string | undefined): Promise<number> {
    const context = currentContext();
    const slices = new TimeSlices();
    for (const name of names) {
      await this.rules.check('remove', name, context);
      if (slices.isOver) await slices.next();
    }
    // each name is removed once: a server may register the name again between two steps
    const [free, held]: [string[], string[]] = [[], []];
    for (const name of names) {
      ((await this.rules.allows('takeover', name, context)) ? held : free).push(name);
      if (slices.isOver) await slices.next();
    }
    const removed = await this.removeInParts(free, { owner, takeover: false }, slices);
    return removed + (await this.removeInParts(held, { owner, takeover: true }, slices));
  }

  private async removeInParts(names: readonly string[], options: NameRemoveOptions, slices: TimeSlices): Promise<number> {
    let removed = 0;
    for (let start = 0; start < names.length; start += REMOVED_AT_ONCE) {
      if (start > 0) await slices.next();
      removed += await this.store.remove(names.slice(start, start + REMOVED_AT_ONCE), options);
    }
    return removed;
  }

  private pattern(regex: unknown): (name: string) => boolean {
    return namePattern(this.read.regex(regex), this.limits);
  }

  private async heldName(name: string): Promise<NamingError> {
    const record = await this.store.get(name);
    const remedy =
      'it is free when its lease ends or its owner removes it; the rule "takeover" of the name server\'s policy may allow it';
    return refusal(new NamingError(`${NAME_IN_USE}${name} belongs to the running server at ${record?.uri}; ${remedy}`));
  }
}

function feedItem(item: NameFeedItem): Record<string, unknown> {
  if (item.change !== 'registered') return { ...item };
  const { name, uri, metadata } = item.record;
  return { change: item.change, name, uri, metadata: new Set(metadata) };
}

const unknownName = (name: string): NamingError => refusal(new NamingError(`unknown name: ${name}`));
const valueError = (text: string): PythonException => new PythonException('builtins.ValueError', [text]);

expose(
  NameServer,
  'count',
  'ping',
  'store_id',
  'lookup',
  'register',
  'register_leased',
  'renew_leases',
  'set_metadata',
  'remove',
  'list',
  'yplookup',
  'watch',
);
params(NameServer, 'lookup', 'name', 'return_metadata?');
params(NameServer, 'register', 'name', 'uri', 'safe?', 'metadata?');
params(NameServer, 'register_leased', 'name', 'uri', 'owner', 'ttl_ms', 'safe?', 'metadata?');
params(NameServer, 'renew_leases', 'owner', 'names');
params(NameServer, 'set_metadata', 'name', 'metadata');
params(NameServer, 'remove', 'name?', 'prefix?', 'regex?', 'owner?');
params(NameServer, 'list', 'prefix?', 'regex?', 'return_metadata?');
params(NameServer, 'yplookup', 'meta_all?', 'meta_any?', 'return_metadata?');
params(NameServer, 'watch', 'prefix?', 'tags?');
