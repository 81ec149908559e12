import type { Attributes, Link, SpanContext, SpanOptions, Tracer } from '@opentelemetry/api';
import type { Otel } from './otel-api.js';
import { SCOPE } from './semantics.js';

/** The part of a sampler that this file uses. @see https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampler */
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
 * The traces of requests with a correlation id, but without a trace context. The correlation id is the trace id, so all calls that result
 * from one call are one trace.
 *
 * The span that made the call is not known. The API cannot give a span without parent a trace id. So a parent is made, and its flags must
 * say whether the trace is sampled. The sampler of the SDK decides this, as for a span without parent. The API does not give access to the
 * sampler, but the tracer of OpenTelemetry's SDK has it as a member. With a tracer without a sampler, Sentry's for example, the request
 * begins a trace with a new id.
 */
export class CorrelationTraces {
  private sampler: Sampler | undefined;

  constructor(private readonly otel: Otel) {}

  /**
   * Makes the parent of the span of a request. Its trace flags say whether the trace is sampled.
   *
   * @returns undefined when there is no sampler, or the correlation id is no valid trace id
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
