import type { Context, Histogram, Span, Tracer } from '@opentelemetry/api';
import { printable, printableMessage, printableStack } from '../reports/printable.js';
import type { Otel, WantedOtel } from './otel-api.js';
import { ATTRIBUTES, DURATION_BUCKETS, SCOPE } from './semantics.js';
import type { Series } from './series.js';

const DESCRIPTIONS = {
  server: 'Duration of the calls that a Pyro server has served',
  client: 'Duration of the calls that a Pyro client has made',
};

/** Gives the tracer. Undefined: no traces are wanted. */
export function tracerOf({ otel, traces }: WantedOtel): Tracer | undefined {
  return traces ? otel.trace.getTracer(SCOPE) : undefined;
}

/** The histogram of the calls of servers, or of clients. */
export class CallInstruments {
  readonly otel: Otel;
  private readonly duration: Histogram | undefined;

  constructor({ otel, metrics }: WantedOtel, side: 'server' | 'client') {
    this.otel = otel;
    if (!metrics) return;
    this.duration = otel.metrics.getMeter(SCOPE).createHistogram(`rpc.${side}.call.duration`, {
      description: DESCRIPTIONS[side],
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
  }

  /** Measures a call. @param startedAt `performance.now()` at its start @param context context of its span; undefined: the active context */
  record(startedAt: number, series: Series, errorType: string | undefined, context?: Context): void {
    this.duration?.record((performance.now() - startedAt) / 1_000, series.labels(errorType), context);
  }

  /** Marks the span of what has failed. */
  fail(span: Span, error: unknown, errorType: string): void {
    if (!span.isRecording()) return;
    span.setAttribute(ATTRIBUTES.errorType, errorType);
    span.setStatus({ code: this.otel.SpanStatusCode.ERROR, message: printableMessage(error) });
    if (!(error instanceof Error)) return;
    span.recordException({ name: printable(error.name), message: printableMessage(error), stack: printableStack(error) });
  }
}
