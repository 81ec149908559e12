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

/** Decisions of samplers. */
const NOT_SAMPLED = 0;
const SAMPLED = 2;

/**
 * The traces of requests that have a correlation id, but no trace context: the correlation id is the trace id. So all calls that one
 * call led to are one trace.
 *
 * The span that made such a call is not known. Its id stands for all that is unknown in the trace. The API has no way to give a span
 * without parent its trace id, so such a parent must be made, and with it the decision whether the trace is sampled. The sampler of the
 * SDK decides, asked as for a span without parent. The API does not show the sampler, but the tracer of each SDK for JavaScript has it.
 * Where it has not, the ratio of `OTEL_TRACES_SAMPLER` decides.
 */
export class CorrelationTraces {
  private sampler: Sampler | undefined;
  private readonly sampleRatio = sampleRatioOf(process.env);

  constructor(private readonly otel: Otel) {}

  /** The parent of the span of a request. Its trace flags say whether the trace is sampled. Undefined: the id can be no trace id. */
  parentOf(correlationId: string, name: string, options: SpanOptions): SpanContext | undefined {
    const { TraceFlags, isSpanContextValid } = this.otel;
    const traceId = correlationId.replaceAll('-', '');
    const parent: SpanContext = { traceId, spanId: traceId.slice(16), traceFlags: TraceFlags.NONE, isRemote: true };
    if (!isSpanContextValid(parent)) return undefined;
    const answer = this.ask(traceId, name, options);
    if (answer.traceState !== undefined) parent.traceState = answer.traceState;
    if (answer.decision === SAMPLED) parent.traceFlags = TraceFlags.SAMPLED;
    return parent;
  }

  private ask(traceId: string, name: string, { kind = 0, attributes = {} }: SpanOptions): Answer {
    this.sampler ??= samplerOf(this.otel.trace.getTracerProvider().getTracer(SCOPE));
    if (this.sampler === undefined)
      return isSampled(traceId, this.sampleRatio) ? { decision: SAMPLED } : { decision: NOT_SAMPLED };
    return this.sampler.shouldSample(this.otel.ROOT_CONTEXT, traceId, name, kind, attributes, []);
  }
}

/** The sampler of a tracer. Undefined: the tracer has none, or hides it. */
function samplerOf(tracer: Tracer): Sampler | undefined {
  const { _sampler: sampler } = tracer as { _sampler?: Partial<Sampler> };
  return typeof sampler?.shouldSample === 'function' ? (sampler as Sampler) : undefined;
}

/** As OpenTelemetry's `TraceIdRatioBasedSampler` decides. */
function isSampled(traceId: string, ratio: number): boolean {
  if (ratio >= 1) return true;
  let mixed = 0;
  for (let at = 0; at < traceId.length; at += 8) mixed = (mixed ^ Number.parseInt(traceId.slice(at, at + 8), 16)) >>> 0;
  return mixed < Math.floor(ratio * 0xffffffff);
}

/**
 * The share of traces that the environment has sampled: `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG`. 1 where they say nothing.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function sampleRatioOf(environment: Readonly<Record<string, string | undefined>>): number {
  const sampler = environment['OTEL_TRACES_SAMPLER']?.replace(/^parentbased_/, '');
  if (sampler === 'always_off') return 0;
  if (sampler !== 'traceidratio') return 1;
  const ratio = Number(environment['OTEL_TRACES_SAMPLER_ARG'] || 1);
  return ratio >= 0 && ratio <= 1 ? ratio : 1;
}
