import type { Attributes, Context, Histogram, Span, Tracer } from '@opentelemetry/api';
import type { CallFollower, CallObserver, ObservedCall } from '../daemon/contract/observer.js';
import type { BaseDaemon } from '../daemon/daemon.js';
import { FLAGS } from '../protocol/constants.js';
import { printable, printableMessage } from '../reports/printable.js';
import type { Otel } from './otel-api.js';
import { addressAttributes, ATTRIBUTES, DURATION_BUCKETS, errorType, OTHER, SCOPE, serverAddress, SYSTEM } from './semantics.js';
import { contextIn, contextOfCorrelationId, readTraceContext, sampleRatioOf } from './trace-context.js';

/** Ids of objects that have a random one. */
const RANDOM_ID = /^obj_/;

/** Makes a span and a measurement of each call of a daemon. */
export class ServerTelemetry implements CallObserver {
  private readonly tracer: Tracer;
  private readonly duration: Histogram;
  private readonly address: Attributes;
  private readonly sampleRatio = sampleRatioOf(process.env);

  constructor(
    private readonly otel: Otel,
    private readonly daemon: BaseDaemon,
  ) {
    this.tracer = otel.trace.getTracer(SCOPE);
    this.duration = otel.metrics.getMeter(SCOPE).createHistogram('rpc.server.call.duration', {
      description: 'Duration of the calls that a Pyro server has served',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
    this.address = serverAddress(daemon.natLocationStr ?? daemon.locationStr);
  }

  callStarted(call: ObservedCall, batch: CallFollower | undefined): CallFollower {
    const { SpanKind } = this.otel;
    const method = call.isKnown ? this.methodOf(call) : OTHER;
    const labels = { ...SYSTEM, [ATTRIBUTES.method]: method, ...this.address };
    const parent = batch instanceof FollowedCall ? batch.context : this.parentOf(call);
    const kind = batch === undefined ? SpanKind.SERVER : SpanKind.INTERNAL;
    const span = this.tracer.startSpan(method, { kind, attributes: labels }, parent);
    if (span.isRecording()) span.setAttributes(attributesOf(call));
    return new FollowedCall(this.otel, this.duration, span, this.otel.trace.setSpan(parent, span), labels);
  }

  private parentOf(call: ObservedCall): Context {
    const told = readTraceContext(this.otel, call.annotations);
    if (told !== undefined || (call.flags & FLAGS.correlationId) === 0) return contextIn(this.otel, told);
    return contextIn(this.otel, contextOfCorrelationId(this.otel, call.correlationId, this.sampleRatio));
  }

  /** `object/method`. An object with a random id is named by its class, since each random id would be a time series. */
  private methodOf({ objectId, method }: ObservedCall): string {
    const object = RANDOM_ID.test(objectId) ? (this.daemon.describe(objectId)?.className ?? OTHER) : objectId;
    return `${object}/${method}`;
  }
}

function attributesOf(call: ObservedCall): Attributes {
  const { connection, correlationId, serializer, oneway, isKnown, objectId, method } = call;
  return {
    ...addressAttributes(connection.remoteAddress, ATTRIBUTES.clientAddress, ATTRIBUTES.clientPort),
    [ATTRIBUTES.correlationId]: correlationId,
    [ATTRIBUTES.serializer]: serializer,
    ...(oneway && { [ATTRIBUTES.oneway]: true }),
    ...(!isKnown && { [ATTRIBUTES.originalMethod]: printable(`${objectId}/${method}`) }),
  };
}

/** A call with its span. */
class FollowedCall implements CallFollower {
  private readonly startedAt = performance.now();
  private error: { [ATTRIBUTES.errorType]: string } | undefined;

  constructor(
    private readonly otel: Otel,
    private readonly duration: Histogram,
    private readonly span: Span,
    readonly context: Context,
    private readonly labels: Attributes,
  ) {}

  run<T>(body: () => T): T {
    return this.otel.context.with(this.context, body);
  }

  failed(thrown: Error, sent: Error): void {
    this.error = { [ATTRIBUTES.errorType]: errorType(sent) };
    if (!this.span.isRecording()) return;
    this.span.setAttributes(this.error);
    this.span.setStatus({ code: this.otel.SpanStatusCode.ERROR, message: printableMessage(thrown) });
    this.span.recordException(thrown);
  }

  ended(): void {
    this.span.end();
    const seconds = (performance.now() - this.startedAt) / 1_000;
    this.duration.record(seconds, { ...this.labels, ...this.error }, this.context);
  }
}
