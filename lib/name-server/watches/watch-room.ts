import type { Call } from '../../daemon/call/call.js';
import { TOO_MANY_WATCHES } from '../../naming/name-records.js';
import { NamingError } from '../../protocol/errors.js';
import { overLimit } from '../../protocol/over-limit.js';
import { refusal } from '../../protocol/refusals.js';
import { clientName, clientOf, type NameLimits, tooMany } from '../names/name-rules.js';
import { recordBytes, type NameChange, type NameRecord } from '../store/name-store.js';

/** A place in a list of records. */
const LISTED_BYTES = 16;
/** A name in a set of names. */
export const KNOWN_BYTES = 64;
/** A change in the list of the last changes, without its texts. */
const CHANGE_BYTES = 200;

/** The watches of one client, and the memory that they hold. */
interface ClientWatches {
  watches: number;
  bytes: number;
}

/**
 * Counts the open watches, and the memory that they hold as estimated.
 *
 * A remote address, or a connection without limits per address, may have half of each: a client with many watches leaves room for others.
 */
export class WatchRoom {
  private watches = 0;
  private bytes = 0;
  /** The part of `bytes` that watches get when they need it. */
  private spareBytes = 0;
  private giveBack: () => void = () => undefined;
  private readonly clients = new Map<unknown, ClientWatches>();

  constructor(private readonly limits: Pick<NameLimits, 'maxWatches' | 'maxWatchBytes'>) {}

  /**
   * Counts a watch until it is closed.
   *
   * @param call undefined: a watch of the process itself, which may use everything that is free
   * @throws {NamingError} over `maxWatches`
   */
  open(call: Call | undefined): OpenWatch {
    const { maxWatches } = this.limits;
    const refuse = (what: string, count: number): Error => tooMany(what, count, 'maxWatches', maxWatches, TOO_MANY_WATCHES);
    if (this.watches >= maxWatches) throw refuse('are open', this.watches);
    const who = call && clientOf(call);
    const client = this.clients.get(who) ?? { watches: 0, bytes: 0 };
    if (call !== undefined && client.watches >= maxWatches / 2)
      throw refuse(`of ${clientName(call.connection)} are open, half of the limit`, client.watches);
    this.clients.set(who, client);
    this.watches++;
    client.watches++;
    const close = (): void => {
      this.watches--;
      if (--client.watches === 0) this.clients.delete(who);
    };
    const take = (bytes: number): void => {
      const share = call === undefined ? Infinity : this.limits.maxWatchBytes / 2;
      if (client.bytes + bytes > share)
        throw this.tooMuchMemory(`the watches of ${clientName(call!.connection)} hold`, 'half of ');
      if (!this.isRoomFor(bytes - this.spareBytes)) throw this.tooMuchMemory('all watches hold');
      while (!this.isRoomFor(bytes)) this.giveBack();
      this.bytes += bytes;
      client.bytes += bytes;
    };
    const free = (bytes: number): void => {
      this.bytes -= bytes;
      client.bytes -= bytes;
    };
    return new OpenWatch(call, take, free, close);
  }

  /** Calls `giveBack` when a watch needs memory that is spare. It frees some of that memory. */
  onShortage(giveBack: () => void): void {
    this.giveBack = giveBack;
  }

  /** Holds memory that is given back when a watch needs it. @returns false when there is none; nothing is held */
  takeSpare(bytes: number): boolean {
    if (!this.isRoomFor(bytes)) return false;
    this.bytes += bytes;
    this.spareBytes += bytes;
    return true;
  }

  freeSpare(bytes: number): void {
    this.bytes -= bytes;
    this.spareBytes -= bytes;
  }

  private isRoomFor(bytes: number): boolean {
    return this.bytes + bytes <= this.limits.maxWatchBytes;
  }

  private tooMuchMemory(who: string, part = ''): NamingError {
    const limit = `${part}${this.limits.maxWatchBytes} bytes (its option limits.maxWatchBytes)`;
    const remedy = 'watch fewer names by a prefix, or raise the limit';
    return overLimit(
      'maxWatchBytes',
      refusal(new NamingError(`${who} the names of too many registrations; the name server takes ${limit}: ${remedy}`)),
    );
  }
}

/** A watch that is open, and the memory that it holds. */
export class OpenWatch {
  private held = 0;

  /** @param call the call that began the watch; undefined: the process itself */
  constructor(
    readonly call: Call | undefined,
    private readonly takeBytes: (bytes: number) => void,
    private readonly freeBytes: (bytes: number) => void,
    private readonly end: () => void,
  ) {}

  /** @throws {NamingError} over `maxWatchBytes`; nothing is held */
  take(bytes: number): void {
    this.takeBytes(bytes);
    this.held += bytes;
  }

  free(bytes: number): void {
    this.held -= bytes;
    this.freeBytes(bytes);
  }

  freeAll(): void {
    this.free(this.held);
  }

  close(): void {
    this.freeAll();
    this.end();
  }
}

/** The memory of a record in a list. @param isCopy true when the store has made the record for the list */
export function bytesOfListed(record: NameRecord, isCopy: boolean): number {
  return LISTED_BYTES + (isCopy ? recordBytes(record) : 0);
}

/** The memory of a change that is kept. Its record may be in the store no more. */
export function bytesOfChange(change: NameChange): number {
  if (change.kind === 'removed') return CHANGE_BYTES + 2 * change.name.length;
  const { name, uri, metadata } = change.record;
  let chars = name.length + uri.length;
  for (const tag of metadata ?? []) chars += tag.length + CHANGE_BYTES / 4;
  return CHANGE_BYTES + 2 * chars;
}
