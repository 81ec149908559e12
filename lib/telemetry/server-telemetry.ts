import type { Attributes, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { CallFollower, CallObserver, ObservedCall } from '../daemon/contract/observer.js';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import { isRandomId } from '../objects/object-ids.js';
import { FLAGS } from '../protocol/constants.js';
import { tracerOf } from './call-instruments.js';
import { CorrelationTraces } from './correlation-traces.js';
import { MeasuredCall, TracedCall, UntracedEntry } from './followed-calls.js';
import type { WantedOtel } from './otel-api.js';
import { addressAttributes, ATTRIBUTES, originalMethod, OTHER, serverAddress, SYSTEM } from './semantics.js';
import { Series } from './series.js';
import { ServerInstruments } from './server-instruments.js';
import { readTraceContext } from './trace-context.js';

/** Most objects whose methods are remembered. Objects with random ids may be registered for ever. */
const MAX_OBJECTS = 1_000;
/** Most ids of objects in labels: a program may make ids of what clients send. Further objects are named by their class. */
const MAX_NAMED_OBJECTS = 1_000;

/** Makes a span and a measurement of each call of a daemon. */
export class ServerTelemetry implements CallObserver {
  private readonly instruments: ServerInstruments;
  private readonly tracer: Tracer | undefined;
  private readonly correlationTraces: CorrelationTraces;
  private readonly address: Attributes;
  private readonly other: ServedMethod;
  /** By object id and method. */
  private readonly methods = new Map<string, Map<string, ServedMethod>>();
  /** The ids that labels have. */
  private readonly namedObjects = new Set<string>();

  constructor(
    wanted: WantedOtel,
    private readonly daemon: BaseDaemon,
  ) {
    this.instruments = new ServerInstruments(wanted);
    this.tracer = tracerOf(wanted);
    this.correlationTraces = new CorrelationTraces(wanted.otel);
    this.address = serverAddress(daemon.natLocationStr ?? daemon.locationStr);
    this.other = this.methodNamed(OTHER);
  }

  callStarted(call: ObservedCall, batch: CallFollower | undefined): CallFollower {
    const { instruments, tracer } = this;
    const method = call.isKnown ? this.methodOf(call) : this.other;
    if (tracer === undefined) return new MeasuredCall(instruments, call.startedAt, method);
    if (batch instanceof TracedCall) return this.entryStarted(tracer, call, method, batch);
    const span = this.startSpan(tracer, call, method);
    tellTraceId(instruments, span, call);
    if (span.isRecording()) {
      span.setAttributes(attributesOf(call));
      if ((call.flags & FLAGS.batch) !== 0) span.setAttribute(ATTRIBUTES.batchEntries, call.args.length);
    }
    return this.traced(call, method, span);
  }

  private entryStarted(tracer: Tracer, call: ObservedCall, method: ServedMethod, batch: TracedCall): CallFollower {
    const startSpan = (options: SpanOptions): Span => {
      const span = tracer.startSpan(method.name, options, batch.context);
      if (span.isRecording()) span.setAttributes(attributesOf(call));
      return span;
    };
    if (batch.entries.take()) return this.traced(call, method, startSpan(method.entryOptions));
    return new UntracedEntry(this.instruments, call.startedAt, method, batch.context, () =>
      startSpan({ ...method.entryOptions, startTime: call.startedAt }),
    );
  }

  private traced({ startedAt }: ObservedCall, method: ServedMethod, span: Span): TracedCall {
    const { trace, ROOT_CONTEXT } = this.instruments.otel;
    return new TracedCall(this.instruments, startedAt, method, span, trace.setSpan(ROOT_CONTEXT, span));
  }

  private startSpan(tracer: Tracer, call: ObservedCall, { name, options }: ServedMethod): Span {
    const { otel } = this.instruments;
    const { trace, ROOT_CONTEXT } = otel;
    let parent = readTraceContext(otel, call.annotations);
    if (parent === undefined && (call.flags & FLAGS.correlationId) !== 0) {
      parent = this.correlationTraces.parentOf(call.correlationId, name, options);
      // the sampler has decided against a span
      if (parent?.traceFlags === otel.TraceFlags.NONE) return trace.wrapSpanContext(parent);
    }
    return tracer.startSpan(name, options, parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent));
  }

  private methodOf({ objectId, method }: ObservedCall): ServedMethod {
    let methods = this.methods.get(objectId);
    if (methods === undefined) {
      if (this.methods.size === MAX_OBJECTS) this.methods.clear();
      this.methods.set(objectId, (methods = new Map<string, ServedMethod>()));
    }
    let served = methods.get(method);
    if (served === undefined) methods.set(method, (served = this.methodNamed(`${this.objectName(objectId)}/${method}`)));
    return served;
  }

  private methodNamed(name: string): ServedMethod {
    const { SERVER, INTERNAL } = this.instruments.otel.SpanKind;
    return new ServedMethod(name, { ...SYSTEM, [ATTRIBUTES.method]: name, ...this.address }, SERVER, INTERNAL);
  }

  /** An object with a random id is named by its class, since each random id would be a time series. */
  private objectName(objectId: string): string {
    const { namedObjects } = this;
    const isFull = namedObjects.size === MAX_NAMED_OBJECTS && !namedObjects.has(objectId);
    if (isFull || isRandomId(objectId)) return this.daemon.describe(objectId)?.className ?? OTHER;
    namedObjects.add(objectId);
    return objectId;
  }
}

/** A method of an object, with the options of its spans. */
class ServedMethod extends Series {
  readonly options: SpanOptions;
  /** Options of the span of an entry of a batch. */
  readonly entryOptions: SpanOptions;

  constructor(
    readonly name: string,
    attributes: Attributes,
    kind: SpanOptions['kind'],
    entryKind: SpanOptions['kind'],
  ) {
    super(attributes);
    this.options = { kind, attributes };
    this.entryOptions = { kind: entryKind, attributes };
  }
}

/** A client that has sent no correlation id gives the trace no name that Python programs pass on, so the trace id becomes the correlation id. */
function tellTraceId({ otel }: ServerInstruments, span: Span, call: ObservedCall): void {
  if (call.flags & FLAGS.correlationId) return;
  const spanContext = span.spanContext();
  if (otel.isSpanContextValid(spanContext)) call.takeTraceId(spanContext.traceId);
}

function attributesOf(call: ObservedCall): Attributes {
  const { connection, correlationId, serializer, oneway, isKnown, objectId } = call;
  return {
    ...addressAttributes(connection.remoteAddress, ATTRIBUTES.clientAddress, ATTRIBUTES.clientPort),
    [ATTRIBUTES.correlationId]: correlationId,
    [ATTRIBUTES.serializer]: serializer,
    ...(oneway && { [ATTRIBUTES.oneway]: true }),
    ...(!isKnown && { [ATTRIBUTES.originalMethod]: originalMethod(objectId, call) }),
  };
}
