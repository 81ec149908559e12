import type { Context, SpanContext } from '@opentelemetry/api';
import { readPacketMetadata } from '../protocol/packet-metadata.js';
import type { Otel } from './otel-api.js';

/** Annotations that carry the trace context: the headers `traceparent` and `tracestate` of W3C Trace Context, as ASCII. */
const TRACEPARENT = 'TRCE';
const TRACESTATE = 'TRCS';

const FORMAT = /^(?!ff)[0-9a-f]{2}-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(-.*)?$/;
/** Longest header that is read. */
const MAX_CHARS = 512;

/** The annotations that carry the context of a span to the server. */
export function writeTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): Record<string, Buffer> {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  const state = traceState?.serialize();
  return {
    [TRACEPARENT]: Buffer.from(traceparent),
    ...(state && state.length <= MAX_CHARS && { [TRACESTATE]: Buffer.from(state) }),
  };
}

/** The span of the client, as its request tells it. Undefined when the request tells none that is valid. */
export function readTraceContext(otel: Otel, annotations: ReadonlyMap<string, Buffer>): SpanContext | undefined {
  if (annotations.size === 0) return undefined;
  // Nest's own clients put it into the metadata of the packet
  const header = textOf(annotations, TRACEPARENT) ?? readPacketMetadata(annotations)?.['traceparent'];
  const { traceId, spanId, flags } = FORMAT.exec(header ?? '')?.groups ?? {};
  if (traceId === undefined || spanId === undefined) return undefined;
  const state = textOf(annotations, TRACESTATE);
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags!, 16) & otel.TraceFlags.SAMPLED,
    isRemote: true,
    ...(state && { traceState: otel.createTraceState(state) }),
  };
  return otel.isSpanContextValid(context) ? context : undefined;
}

function textOf(annotations: ReadonlyMap<string, Buffer>, id: string): string | undefined {
  const value = annotations.get(id);
  return value === undefined || value.length > MAX_CHARS ? undefined : value.toString('latin1');
}

/**
 * The context of a request that has a correlation id, but no trace context: the correlation id is the trace id. So all calls that one call
 * led to are one trace. The span that made the call is not known; its id stands for all that is unknown in the trace.
 *
 * @param sampleRatio share of such traces that are sampled, by the trace id: all programs with the same ratio decide alike
 */
export function contextOfCorrelationId(otel: Otel, correlationId: string, sampleRatio: number): SpanContext | undefined {
  const traceId = correlationId.replaceAll('-', '');
  const traceFlags = isSampled(traceId, sampleRatio) ? otel.TraceFlags.SAMPLED : otel.TraceFlags.NONE;
  const context = { traceId, spanId: traceId.slice(16), traceFlags, isRemote: true };
  return otel.isSpanContextValid(context) ? context : undefined;
}

/** The correlation id that a trace id is. */
export function correlationIdOf(traceId: string): string {
  return traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
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

/** A context in which a span of another program is the parent. */
export function contextIn(otel: Otel, parent: SpanContext | undefined): Context {
  return parent === undefined ? otel.ROOT_CONTEXT : otel.trace.setSpanContext(otel.ROOT_CONTEXT, parent);
}
