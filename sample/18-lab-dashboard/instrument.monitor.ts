import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CommunicationError, NamingError } from 'nestjs-pyro/core';
import { BehaviorSubject, type Observable } from 'rxjs';
import { BalanceReader, GaugeReader, type InstrumentReader, ThermometerReader } from './instrument.readers.js';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 2_000;
const MAX_ERROR_LENGTH = 300;

/**
 * - `starting`: nothing is known yet
 * - `live`: the latest call gave a value
 * - `failing`: the instrument answers with an exception, or with something that is no value
 * - `away`: the instrument does not answer
 */
export type InstrumentState = 'starting' | 'live' | 'failing' | 'away';

export interface InstrumentStatus {
  name: string;
  unit: string;
  state: InstrumentState;
  /** The latest value, also of an instrument that fails now. */
  value?: number;
  /** The latest error, also of an instrument that is well again. */
  lastError?: { text: string; at: string };
  /** Attempts that have failed since the latest value. */
  failures: number;
}

/** Reads all instruments, each in a loop of its own: one that hangs or fails does not delay the others. */
@Injectable()
export class InstrumentMonitor implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(InstrumentMonitor.name);
  private readonly readers: readonly InstrumentReader[];
  private readonly statuses: BehaviorSubject<readonly InstrumentStatus[]>;
  private readonly end = new AbortController();

  constructor(thermometer: ThermometerReader, balance: BalanceReader, gauge: GaugeReader) {
    this.readers = [thermometer, balance, gauge];
    this.statuses = new BehaviorSubject<readonly InstrumentStatus[]>(
      this.readers.map(({ name, unit }) => ({ name, unit, state: 'starting', failures: 0 })),
    );
  }

  /** The statuses of all instruments, at once and after each change. */
  get changes(): Observable<readonly InstrumentStatus[]> {
    return this.statuses;
  }

  onApplicationBootstrap(): void {
    this.readers.forEach((reader, index) => void this.follow(reader, index));
  }

  onModuleDestroy(): void {
    this.end.abort();
    this.statuses.complete();
  }

  /** Reads one instrument until the application ends. The wait after a failure is twice as long as the one before. A value makes it short again. */
  private async follow(reader: InstrumentReader, index: number): Promise<void> {
    const { signal } = this.end;
    while (!signal.aborted) {
      try {
        for await (const value of reader.readings()) {
          if (signal.aborted) return;
          // the types of an interface are not checked at run time
          if (typeof value !== 'number') throw new TypeError('the instrument sent something that is no number');
          this.update(index, { state: 'live', value, failures: 0 });
        }
        throw new Error('the instrument has ended its stream');
      } catch (error) {
        if (signal.aborted) return;
        this.fail(index, error as Error);
      }
      const wait = Math.min(FIRST_RETRY_MS * 2 ** (this.statuses.value[index]!.failures - 1), LAST_RETRY_MS);
      await sleep(wait, undefined, { signal }).catch(() => {});
    }
  }

  private fail(index: number, error: Error): void {
    const { name, state: before, failures } = this.statuses.value[index]!;
    const isAway = error instanceof CommunicationError || error instanceof NamingError;
    const state = isAway ? 'away' : 'failing';
    // the instrument chose the text: control characters would forge lines of the log
    const text = error.message.slice(0, MAX_ERROR_LENGTH).replaceAll(/\p{Cc}/gu, ' ');
    if (state !== before) this.logger.warn(`${name} is ${state}: ${text}`);
    this.update(index, { state, failures: failures + 1, lastError: { text, at: new Date().toISOString() } });
  }

  private update(index: number, change: Partial<InstrumentStatus>): void {
    const before = this.statuses.value[index]!;
    if (change.state === 'live' && before.state !== 'live') this.logger.log(`${before.name} is live`);
    this.statuses.next(this.statuses.value.with(index, { ...before, ...change }));
  }
}
