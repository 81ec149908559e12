import { from, type Observable, Subject, takeUntil } from 'rxjs';
import { PythonException } from '../../protocol/python-exception.js';
import type { PyroStreamOptions } from '../metadata/member-metadata.js';
import { GuardedSubscriber, type TeardownReporter } from './guarded-teardown.js';

/** A reader that waits for the next step. */
type WaitingReader = (step: IteratorResult<unknown> | Promise<IteratorResult<unknown>>) => void;

/** Number of read items after which the queue is shortened. */
const COMPACT_AT = 256;

/**
 * The items of an Observable as an iterator. Items wait in a buffer until the reader asks for them.
 *
 * Subscribes at once, and unsubscribes at `return()`, at an overflow and at the end. The reader gets an error after the items that
 * came before the error.
 */
export class ObservableStream implements AsyncIterableIterator<unknown> {
  private readonly stop = new Subject<void>();
  private items: unknown[] = [];
  private first = 0;
  private state: { kind: 'open' } | { kind: 'complete' } | { kind: 'failed'; error: unknown } = { kind: 'open' };
  private readonly readers: WaitingReader[] = [];
  private readonly watchers: (() => void)[] = [];

  constructor(
    source: Observable<unknown>,
    private readonly options: Required<PyroStreamOptions>,
    reporter: TeardownReporter,
  ) {
    const reader = {
      next: (item: unknown) => this.push(item),
      error: (error: unknown) => this.end({ kind: 'failed', error }),
      complete: () => this.end({ kind: 'complete' }),
    };
    from(source).pipe(takeUntil(this.stop)).subscribe(new GuardedSubscriber(reader, reporter));
  }

  /** True after the first item, the end or an error. */
  get hasBegun(): boolean {
    return this.waiting > 0 || this.state.kind !== 'open';
  }

  /** True when the Observable failed before its first item. */
  get hasFailedAtOnce(): boolean {
    return this.state.kind === 'failed' && this.waiting === 0;
  }

  whenBegun(then: () => void): void {
    if (this.hasBegun) then();
    else this.watchers.push(then);
  }

  async next(): Promise<IteratorResult<unknown>> {
    if (this.waiting > 0) return { done: false, value: this.take() };
    if (this.state.kind === 'open') return new Promise((resolve) => this.readers.push(resolve));
    if (this.state.kind === 'failed') {
      const { error } = this.state;
      this.state = { kind: 'complete' };
      throw error;
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.items = [];
    this.first = 0;
    this.end({ kind: 'complete' });
    this.stop.next();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private get waiting(): number {
    return this.items.length - this.first;
  }

  private push(item: unknown): void {
    if (this.state.kind !== 'open') return;
    const reader = this.readers.shift();
    if (reader) {
      reader({ done: false, value: item });
      return;
    }
    const { buffer, overflow } = this.options;
    if (this.waiting >= buffer) {
      if (overflow === 'dropNewest') return;
      if (overflow === 'error') {
        this.end({ kind: 'failed', error: overflowError(buffer) });
        this.stop.next();
        return;
      }
      this.take();
    }
    this.items.push(item);
    this.tellWatchers();
  }

  private take(): unknown {
    const item = this.items[this.first];
    this.items[this.first++] = undefined;
    if (this.first >= COMPACT_AT && this.first * 2 >= this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return item;
  }

  private end(state: { kind: 'complete' } | { kind: 'failed'; error: unknown }): void {
    if (this.state.kind !== 'open') return;
    this.state = state;
    for (const reader of this.readers.splice(0)) reader(this.next());
    this.tellWatchers();
  }

  private tellWatchers(): void {
    for (const watcher of this.watchers.splice(0)) watcher();
  }
}

function overflowError(buffer: number): PythonException {
  return new PythonException('builtins.BufferError', [
    `the item stream was read too slowly: its buffer is full (stream.buffer is ${buffer}; stream.overflow can drop items instead)`,
  ]);
}
