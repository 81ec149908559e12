import type { Call } from '../../daemon/call/call.js';
import type { Pending } from '../../objects/keyed-instances.js';
import { COSTS } from '../../serpent/costs/value-costs.js';
import { PyFrozenSet, pyTuple, type PyTuple } from '../../serpent/index.js';
import { ListTurns } from './list-turns.js';
import { type NameLimits, tooMany } from './name-rules.js';
import { WatchTurns } from './watch-turns.js';
import { afterwards, type NameRecord, type NameSelection, type NameStore } from '../store/name-store.js';
import { TimeSlices } from '../store/time-slices.js';

/** A name's URI, or its URI and metadata tags. */
export type ListedName = string | PyTuple;

/** Lists of up to so many names are made at once: 1,000 names take less than a millisecond. */
const SMALL_NAMES = 1_000;
/** A name in the lists of records while names are selected. */
const SELECTED_BYTES = 2 * COSTS.slot;

/** A record without tags gives an empty frozenset, as in Pyro5. All of them have the same. */
const NO_TAGS: ReadonlySet<string> = new PyFrozenSet<string>();

/**
 * Selects names, and makes the lists that clients get.
 *
 * The memory of a list is counted under `maxInFlightValueBytes` before it is made. Large lists are made one at a time and in slices, between
 * which other calls are served. The list has the texts and tags of the records themselves.
 */
export class NameLists {
  private readonly turns: ListTurns;
  private readonly watchTurns: WatchTurns;

  constructor(
    private readonly store: NameStore,
    private readonly limits: Pick<NameLimits, 'maxRegexMs' | 'maxWaitingLists' | 'maxListWaitMs'>,
  ) {
    this.turns = new ListTurns(limits);
    this.watchTurns = new WatchTurns((selection) => this.store.list(selection));
  }

  /** The selected names with their URIs, or with URIs and tags. */
  list(selection: NameSelection, withMetadata: boolean, call: Call | undefined): Pending<Map<string, ListedName>> {
    return this.inTurn(call, () => afterwards(this.store.list(selection), (records) => listed(records, withMetadata, call)));
  }

  /** The names that match, with their URIs, or with URIs and tags. */
  async listMatching(
    matches: (name: string) => boolean,
    withMetadata: boolean,
    call: Call | undefined,
  ): Promise<Map<string, ListedName>> {
    const records = await this.selectMatching(matches, call);
    if (records.length <= SMALL_NAMES) return listed(records, withMetadata, call);
    const work = (): Pending<Map<string, ListedName>> => listed(records, withMetadata, call);
    return this.hold(records.length, call, () => this.turns.take(call, work));
  }

  /** The selected records. */
  select(selection: NameSelection, call: Call | undefined): Pending<NameRecord[]> {
    return this.inTurn(call, () => this.store.list(selection));
  }

  /** True when the selected records have memory of their own. */
  get copiesRecords(): boolean {
    return this.store.copiesRecords ?? false;
  }

  /**
   * Works on the first records of a watch. Watches have limits of their own, so they do not wait for the lists of calls.
   *
   * @param call the call that began the watch
   * @throws {CommunicationError} when the stream of the watch is closed
   */
  selectWatched<Result>(
    selection: NameSelection,
    call: Call | undefined,
    work: (records: readonly NameRecord[]) => Pending<Result>,
  ): Pending<Result> {
    return afterwards(this.store.count(), (names) => {
      if (names > SMALL_NAMES) return this.watchTurns.take(selection, call, work);
      return afterwards(this.store.list(selection), work);
    });
  }

  /** The records whose names match. @throws {NamingError} over `maxRegexMs` */
  async selectMatching(matches: (name: string) => boolean, call: Call | undefined): Promise<NameRecord[]> {
    return this.hold(await this.store.count(), call, () => this.matching(matches));
  }

  /** Holds the memory of selected names while they are worked on. */
  async hold<Result>(names: number, call: Call | undefined, work: () => Pending<Result>): Promise<Result> {
    const bytes = names * SELECTED_BYTES + (this.copiesRecords ? await this.store.bytes() : 0);
    reserve(call, bytes);
    try {
      return await work();
    } finally {
      call?.request.hold(-bytes);
    }
  }

  private async matching(matches: (name: string) => boolean): Promise<NameRecord[]> {
    const { maxRegexMs } = this.limits;
    const records = await this.store.list({ by: 'all' });
    const found: NameRecord[] = [];
    const start = performance.now();
    const slices = new TimeSlices();
    for (const record of records) {
      if (matches(record.name)) found.push(record);
      if (!slices.isOver) continue;
      const ms = performance.now() - start;
      if (ms > maxRegexMs) {
        const what = `ms for a regex and ${records.length} names: use a simpler regex, or a prefix`;
        throw tooMany(what, Math.round(ms), 'maxRegexMs', maxRegexMs);
      }
      await slices.next();
    }
    return found;
  }

  /** Selects names of a store: at once when it has few. */
  private inTurn<Result>(call: Call | undefined, work: () => Pending<Result>): Pending<Result> {
    return afterwards(this.store.count(), (names) => {
      if (names <= SMALL_NAMES) return work();
      return this.turns.take(call, () => this.hold(names, call, work));
    });
  }
}

/** Makes a list. Returns a promise only when it is large. */
function listed(records: readonly NameRecord[], withMetadata: boolean, call: Call | undefined): Pending<Map<string, ListedName>> {
  const bytes = COSTS.map + records.length * (COSTS.mapEntry + (withMetadata ? COSTS.tuple : 0));
  reserve(call, bytes);
  const list = new Map<string, ListedName>();
  const add = (record: NameRecord): void => {
    list.set(record.name, withMetadata ? pyTuple(record.uri, tagsOf(record)) : record.uri);
  };
  // the results of a batch are counted as they come
  const end = (): Map<string, ListedName> => {
    if (call?.request.isBatch) call.request.hold(-bytes);
    return list;
  };
  if (records.length > SMALL_NAMES) return addInSlices(records, add).then(end);
  for (const record of records) add(record);
  return end();
}

async function addInSlices(records: readonly NameRecord[], add: (record: NameRecord) => void): Promise<void> {
  const slices = new TimeSlices();
  for (const record of records) {
    add(record);
    if (slices.isOver) await slices.next();
  }
}

/** The tags of a record. The list is only written, so it has the set of the record. */
function tagsOf({ metadata }: NameRecord): ReadonlySet<string> {
  if (metadata === undefined) return NO_TAGS;
  // a store of the application may have sets of its own kind
  return metadata instanceof Set ? metadata : new Set(metadata);
}

function reserve(call: Call | undefined, bytes: number): void {
  call?.request.reserve(bytes, 'the list of names');
}
