import type { SpanContext } from '@opentelemetry/api';
import type { Annotations } from '../protocol/annotations.js';
import { readPacketMetadata } from '../protocol/packet-metadata.js';
import type { Otel } from './otel-api.js';

/** Annotations that carry the trace context: the headers `traceparent` and `tracestate` of W3C Trace Context, as ASCII. */
const TRACEPARENT = 'TRCE';
const TRACESTATE = 'TRCS';

const FORMAT = /^(?!ff)[0-9a-f]{2}-(?<traceId>[0-9a-f]{32})-(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(-.*)?$/;
/** Longest header that is read. */
const MAX_CHARS = 512;

/** The annotations that carry the context of a span to the server. */
export function writeTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): Annotations {
  const flags = traceFlags < 16 ? `0${traceFlags.toString(16)}` : traceFlags.toString(16);
  const annotations = new Map([[TRACEPARENT, Buffer.from(`00-${traceId}-${spanId}-${flags}`, 'latin1')]]);
  const state = traceState?.serialize();
  if (state && state.length <= MAX_CHARS) annotations.set(TRACESTATE, Buffer.from(state));
  return annotations;
}

/** The span of the client, read from its request. Undefined when the request has no valid trace context. */
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
