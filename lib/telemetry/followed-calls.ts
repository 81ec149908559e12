import type { Context, Span } from '@opentelemetry/api';
import type { CallFollower } from '../daemon/contract/observer.js';
import { BatchRecords } from '../reports/batch-records.js';
import { runWithin } from './guarded-sdk.js';
import { ATTRIBUTES, errorType, labelledType } from './semantics.js';
import type { Series } from './series.js';
import type { ServerInstruments } from './server-instruments.js';

/** A call that is measured, without a span. A call that returned a stream is measured until the stream is open, and the stream apart. */
export class MeasuredCall implements CallFollower {
  private errorType: string | undefined;
  /** `performance.now()` when the stream was opened. Undefined: the call has returned no stream. */
  private openedAt: number | undefined;

  /** @param startedAt `performance.now()` when the call began */
  constructor(
    protected readonly instruments: ServerInstruments,
    private readonly startedAt: number,
    private readonly series: Series,
    readonly context?: Context,
  ) {}

  failed(thrown: Error, sent: Error): void {
    this.errorType = labelledType(thrown, errorType(sent));
  }

  streamOpened(): void {
    this.openedAt = performance.now();
    this.instruments.record(this.startedAt, this.series, undefined, this.context);
  }

  ended(_isRunning: boolean): void {
    const { instruments, series, openedAt, context } = this;
    if (openedAt === undefined) instruments.record(this.startedAt, series, this.errorType, context);
    else instruments.recordStream(openedAt, series, this.errorType, context);
  }
}

/** A call with its span. */
export class TracedCall extends MeasuredCall {
  declare readonly context: Context;
  /** Of a batch: which of its entries have a span, besides the one that fails. */
  readonly entries = new BatchRecords();

  constructor(
    instruments: ServerInstruments,
    startedAt: number,
    series: Series,
    private readonly span: Span,
    context: Context,
  ) {
    super(instruments, startedAt, series, context);
  }

  run<T>(body: () => T): T {
    return runWithin(this.instruments.otel, this.context, body);
  }

  override failed(thrown: Error, sent: Error): void {
    super.failed(thrown, sent);
    this.instruments.fail(this.span, thrown, errorType(sent));
  }

  override ended(isRunning: boolean): void {
    try {
      if (isRunning) this.span.setAttribute(ATTRIBUTES.methodGoesOn, true);
      this.span.end();
    } finally {
      super.ended(isRunning);
    }
  }
}

/** An entry of a batch with many entries. It runs in the span of the batch, and has a span of its own only when it fails. */
export class UntracedEntry extends MeasuredCall {
  declare readonly context: Context;
  private span: Span | undefined;

  /** @param context that of the batch @param startSpan starts the span of the entry, at the time when the entry began */
  constructor(
    instruments: ServerInstruments,
    startedAt: number,
    series: Series,
    context: Context,
    private readonly startSpan: () => Span,
  ) {
    super(instruments, startedAt, series, context);
  }

  run<T>(body: () => T): T {
    return runWithin(this.instruments.otel, this.context, body);
  }

  override failed(thrown: Error, sent: Error): void {
    super.failed(thrown, sent);
    this.span = this.startSpan();
    this.instruments.fail(this.span, thrown, errorType(sent));
  }

  override ended(isRunning: boolean): void {
    try {
      if (isRunning) this.span?.setAttribute(ATTRIBUTES.methodGoesOn, true);
      this.span?.end();
    } finally {
      super.ended(isRunning);
    }
  }
}
