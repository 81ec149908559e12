import { setTimeout as pause } from 'node:timers/promises';
import { outsideOfCalls } from '../../../calls/async-context.js';
import { TimeSlices } from '../time-slices.js';
import { NameListeners } from '../name-listeners.js';
import type { NameChange } from '../name-store.js';
import { BUSY_MS, type SqlNames } from './sql-names.js';
import { isBusy } from './sqlite.js';

/** Pause between two checks whether another process has changed the file. */
const POLL_MS = 500;
/** Pause before a step is done again that another process was in the way of. */
const BUSY_PAUSE_MS = 10;
/** Names that are looked at in one step. */
const NAMES_IN_A_PAGE = 200;

/** A change that this process has made. */
export interface SqlChange {
  readonly change: NameChange;
  /** Number of the new registration. */
  readonly number?: number;
}

/**
 * Tells watchers of the changes of an SQLite file: changes of this process at once, changes of other processes soon.
 *
 * The watch keeps the names and the numbers of their registrations in memory while somebody watches: SQLite tells that the file has changed, but
 * not the change. The names are looked at in slices, between which calls are served.
 */
export class SqlWatch {
  private readonly listeners = new NameListeners();
  /** The numbers of the registrations that watchers know. */
  private known = new Map<string, number | undefined>();
  /** True when all names are in `known`. */
  private isKnown = false;
  private reading: Promise<void> | undefined;
  private version = 0;
  private poller: NodeJS.Timeout | undefined;
  private isPolling = false;

  /** @param sliceMs time for which names are looked at before others are served */
  constructor(
    private readonly names: SqlNames,
    private readonly sliceMs: number,
  ) {}

  add(listener: (change: NameChange) => void): () => void {
    if (this.listeners.size === 0) this.start();
    const stop = this.listeners.add(listener);
    return () => {
      stop();
      if (this.listeners.size === 0) this.stop();
    };
  }

  /**
   * Resolves when each later change of another process will be told. Undefined when this is so already, or nobody watches.
   *
   * @throws the error of SQLite, when the names cannot be read
   */
  ready(): Promise<void> | undefined {
    if (this.isKnown || this.poller === undefined) return undefined;
    return (this.reading ??= this.startReading());
  }

  /** Tells of a change that this process has made. */
  tell({ change, number }: SqlChange): void {
    if (this.listeners.size === 0) return;
    if (change.kind === 'removed') this.known.delete(change.name);
    else this.known.set(change.record.name, number);
    this.listeners.tell(change);
  }

  close(): void {
    this.listeners.clear();
    this.stop();
  }

  private start(): void {
    this.version = this.names.version();
    this.poller = outsideOfCalls(() => setInterval(() => void this.poll(), POLL_MS).unref());
    // a failure is repeated by the next check
    this.ready()?.catch(() => undefined);
  }

  private stop(): void {
    clearInterval(this.poller);
    this.poller = undefined;
    this.known = new Map();
    this.isKnown = false;
    this.reading = undefined;
  }

  private startReading(): Promise<void> {
    const reading = this.readAll(this.known).finally(() => {
      // others may watch by now, whose reading goes on
      if (this.reading === reading) this.reading = undefined;
    });
    return reading;
  }

  /** @param known the names of this run: it is replaced when all watchers leave */
  private async readAll(known: Map<string, number | undefined>): Promise<void> {
    const version = await this.step(known, () => this.names.version());
    await this.eachPage(known, (page) => {
      for (const [, name, number] of page) known.set(name, number);
    });
    if (version === undefined || known !== this.known) return;
    this.version = version;
    this.isKnown = true;
  }

  private async poll(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    try {
      if (this.isKnown) await this.findChanges(this.known);
      else await this.ready();
    } catch {
      // the file was busy for long: the next check finds the same changes
    } finally {
      this.isPolling = false;
    }
  }

  private async findChanges(known: Map<string, number | undefined>): Promise<void> {
    const version = await this.step(known, () => this.names.version());
    if (version === undefined || version === this.version) return;
    const unseen = new Set(known.keys());
    await this.eachPage(known, (page) => {
      for (const [, name, number] of page) {
        unseen.delete(name);
        if (known.get(name) !== number) this.check(name);
      }
    });
    const slices = new TimeSlices(this.sliceMs);
    for (const name of unseen) {
      await this.step(known, () => this.check(name));
      if (slices.isOver) await slices.next();
    }
    if (known === this.known) this.version = version;
  }

  /** Tells how a name is now. It may have changed since the page was read that had the name, or did not have it. */
  private check(name: string): void {
    const record = this.names.get(name);
    if (record === undefined) {
      if (this.known.has(name)) this.tell({ change: { kind: 'removed', name } });
      return;
    }
    const number = this.names.numberOf(record);
    if (this.known.get(name) !== number) this.tell({ change: { kind: 'registered', record }, number });
  }

  private async eachPage(known: unknown, look: (page: ReturnType<SqlNames['numbered']>) => void): Promise<void> {
    const slices = new TimeSlices(this.sliceMs);
    for (let last: number | undefined = 0; last !== undefined;) {
      const after: number = last;
      last = await this.step(known, () => {
        const page = this.names.numbered(after, NAMES_IN_A_PAGE);
        look(page);
        return page.at(-1)?.[0];
      });
      if (slices.isOver) await slices.next();
    }
  }

  /**
   * Does a step of the work. While another process writes, calls are served, and the step is done again after a pause.
   *
   * @param known does nothing when these are not the known names any more
   * @throws the error of SQLite. That the file is busy is an error when it was so for as long as calls wait.
   */
  private async step<Result>(known: unknown, work: () => Result): Promise<Result | undefined> {
    const endsAt = performance.now() + BUSY_MS;
    while (known === this.known) {
      try {
        return this.names.withoutWaiting(work);
      } catch (error) {
        if (!isBusy(error) || performance.now() >= endsAt) throw error;
      }
      await pause(BUSY_PAUSE_MS);
    }
    return undefined;
  }
}
