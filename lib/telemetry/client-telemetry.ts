import type { Histogram, Span, Tracer } from '@opentelemetry/api';
import type { ClientObserver } from '../client/call/client-observer.js';
import type { OutgoingCall } from '../client/call/outgoing-call.js';
import type { AnnotationValues } from '../client/options/proxy-options.js';
import { outgoingCorrelationId, withCorrelationId } from '../calls/current-call.js';
import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import type { PyroUri } from '../protocol/uri.js';
import { printableMessage } from '../reports/printable.js';
import type { Otel } from './otel-api.js';
import { ATTRIBUTES, DURATION_BUCKETS, errorType, SCOPE, serverAddress, SYSTEM } from './semantics.js';
import { correlationIdOf, writeTraceContext } from './trace-context.js';

/** Makes a span and a measurement of each call of a proxy, with connecting and name lookup as children. */
export class ClientTelemetry implements ClientObserver {
  private readonly tracer: Tracer;
  private readonly duration: Histogram;

  constructor(
    private readonly otel: Otel,
    private readonly uri: PyroUri,
  ) {
    this.tracer = otel.trace.getTracer(SCOPE);
    this.duration = otel.metrics.getMeter(SCOPE).createHistogram('rpc.client.call.duration', {
      description: 'Duration of the calls that a Pyro client has made',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
  }

  async call(call: OutgoingCall, body: (annotations: AnnotationValues | undefined) => Promise<unknown>): Promise<unknown> {
    // items of a stream
    if (call.objectId === DAEMON_OBJECT_ID) return body(undefined);
    const { context, trace, SpanKind, isSpanContextValid } = this.otel;
    const method = `${this.uri.object}/${call.method}`;
    const labels = { ...SYSTEM, [ATTRIBUTES.method]: method };
    const startedAt = performance.now();
    const span = this.tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes: labels });
    const spanContext = span.spanContext();
    const isTraced = isSpanContextValid(spanContext);
    const run = (): Promise<unknown> => body(isTraced ? writeTraceContext(spanContext) : undefined);
    const inTrace = (): Promise<unknown> =>
      // through a Python program only the correlation id is certain to travel on
      isTraced && outgoingCorrelationId() === undefined ? withCorrelationId(correlationIdOf(spanContext.traceId), run) : run();
    let failure: { [ATTRIBUTES.errorType]: string } | undefined;
    try {
      return await context.with(trace.setSpan(context.active(), span), inTrace);
    } catch (error) {
      failure = { [ATTRIBUTES.errorType]: errorType(error) };
      this.fail(span, error);
      throw error;
    } finally {
      const address = serverAddress(call.connection?.location);
      span.setAttributes(address);
      span.end();
      this.duration.record((performance.now() - startedAt) / 1_000, { ...labels, ...address, ...failure });
    }
  }

  async step<T>(step: 'connect' | 'lookup', body: () => Promise<T>): Promise<T> {
    const { context, trace, SpanKind } = this.otel;
    const span = this.tracer.startSpan(`pyro ${step}`, { kind: SpanKind.INTERNAL, attributes: SYSTEM });
    try {
      return await context.with(trace.setSpan(context.active(), span), body);
    } catch (error) {
      this.fail(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  private fail(span: Span, error: unknown): void {
    if (!span.isRecording()) return;
    span.setAttribute(ATTRIBUTES.errorType, errorType(error));
    span.setStatus({ code: this.otel.SpanStatusCode.ERROR, message: printableMessage(error) });
    if (error instanceof Error) span.recordException(error);
  }
}
