import type { Attributes, Link, SpanContext, SpanOptions, Tracer } from '@opentelemetry/api';
import type { Otel } from './otel-api.js';
import { SCOPE } from './semantics.js';

/** The part of a sampler that is asked here. @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampler */
interface Sampler {
  shouldSample(context: object, traceId: string, name: string, kind: number, attributes: Attributes, links: Link[]): Answer;
}

interface Answer {
  readonly decision: number;
  readonly traceState?: SpanContext['traceState'];
}

/** The decision of a sampler that a trace is recorded and sent. */
const SAMPLED = 2;

/**
 * The traces of requests that have a correlation id, but no trace context: the correlation id is the trace id. So all calls that one
 * call led to are one trace.
 *
 * The span that made such a call is not known. Its id stands for all that is unknown in the trace. The API has no way to give a span
 * without parent its trace id, so such a parent must be made, and with it the decision whether the trace is sampled. The sampler of the
 * SDK decides, asked as for a span without parent. The API does not show the sampler, but the tracer of OpenTelemetry's SDK has it. With
 * a tracer that has none, Sentry's for example, such a request begins a trace with an id of its own.
 */
export class CorrelationTraces {
  private sampler: Sampler | undefined;

  constructor(private readonly otel: Otel) {}

  /**
   * Makes the parent of the span of a request. Its trace flags say whether the trace is sampled.
   *
   * @returns undefined when nobody decides about the trace, or the correlation id can be no trace id
   */
  parentOf(correlationId: string, name: string, { kind = 0, attributes = {} }: SpanOptions): SpanContext | undefined {
    const { ROOT_CONTEXT, TraceFlags, isSpanContextValid, trace } = this.otel;
    this.sampler ??= samplerOf(trace.getTracerProvider().getTracer(SCOPE));
    const traceId = correlationId.replaceAll('-', '');
    const parent: SpanContext = { traceId, spanId: traceId.slice(16), traceFlags: TraceFlags.NONE, isRemote: true };
    if (this.sampler === undefined || !isSpanContextValid(parent)) return undefined;
    const { decision, traceState } = this.sampler.shouldSample(ROOT_CONTEXT, traceId, name, kind, attributes, []);
    if (traceState !== undefined) parent.traceState = traceState;
    if (decision === SAMPLED) parent.traceFlags = TraceFlags.SAMPLED;
    return parent;
  }
}

/** The sampler of a tracer. Undefined: the tracer has none, or hides it. */
function samplerOf(tracer: Tracer): Sampler | undefined {
  const { _sampler: sampler } = tracer as { _sampler?: Partial<Sampler> };
  return typeof sampler?.shouldSample === 'function' ? (sampler as Sampler) : undefined;
}
