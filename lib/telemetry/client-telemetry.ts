import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { correlationText, GivenId } from '../calls/correlation-id.js';
import { outgoingCorrelationId, withCorrelationId } from '../calls/current-call.js';
import type { ClientObserver } from '../client/call/client-observer.js';
import type { OutgoingCall } from '../client/call/outgoing-call.js';
import type { RemoteMetadata } from '../client/connection/remote-metadata.js';
import { failedEntry } from '../client/proxy/recorded-batch.js';
import { isRandomId } from '../objects/object-ids.js';
import { CommunicationError, ConnectionClosedError, NamingError, TimeoutError } from '../protocol/errors.js';
import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import type { Annotations } from '../protocol/messages/annotations.js';
import type { PyroUri } from '../protocol/uri.js';
import { printable } from '../reports/printable.js';
import { attributeOf } from '../serializers/contract/call-shape.js';
import { CallInstruments } from './call-instruments.js';
import { type ClientMethod, ClientMethods } from './client-methods.js';
import { ClientObjects } from './client-objects.js';
import { CLIENT_METRICS, clientInstruments } from './client-metrics.js';
import { guarded, runWithin } from './guarded-sdk.js';
import type { WantedOtel } from './otel-api.js';
import {
  ATTRIBUTES,
  clientErrorType,
  errorType,
  labelledType,
  originalMethod,
  OTHER,
  serverAddress,
  SYSTEM,
} from './semantics.js';
import type { Series } from './series.js';
import { readTraceContext, writeTraceContext } from './trace-context.js';

const FAILED = 'pyro.client.connections.failed';
/** The usual error types of attempts to connect: nobody listens, no answer, the daemon refuses, the name is not known. */
const CONNECT_FAILURES = [ConnectionClosedError, TimeoutError, CommunicationError, NamingError].map((type) =>
  errorType(new type('')),
);

/** A call that has ended. */
interface Answered {
  readonly named: ClientMethod;
  /** True when the span began with another name: the methods of the object were not known. */
  readonly isRenamed: boolean;
  /** Address of the server; undefined when it is not known. */
  readonly location: string | undefined;
}

/** The instruments of the proxies of this process. */
export class ClientInstruments extends CallInstruments {
  readonly methods: ClientMethods;
  readonly objects: ClientObjects;
  private readonly counters: ReturnType<typeof clientInstruments> | undefined;

  constructor(wanted: WantedOtel) {
    super(wanted, 'client');
    this.methods = new ClientMethods(wanted.otel.SpanKind.CLIENT);
    if (wanted.metrics) this.counters = clientInstruments(wanted.otel);
    this.objects = new ClientObjects((series) => this.begin(series));
  }

  /** Exports 0 for an object: Prometheus sees no increase of a counter that begins at 1. */
  private begin(series: Series): void {
    for (const name of Object.keys(CLIENT_METRICS) as (keyof typeof CLIENT_METRICS)[]) {
      if (name !== FAILED) this.count(name, 0, series);
      else for (const failure of CONNECT_FAILURES) this.count(name, 0, series, failure);
    }
  }

  count(name: keyof typeof CLIENT_METRICS, change: number, series: Series, failure?: string): void {
    if (this.counters === undefined) return;
    const counter = this.counters[name];
    guarded(() => counter.add(change, series.labels(failure)));
  }
}

/**
 * Makes a span and a measurement of each call of a proxy, with connecting and name lookup as children. Errors of the application's SDK harm
 * no call.
 */
export class ClientTelemetry implements ClientObserver {
  /** The object in names and labels. */
  private readonly object: string;
  private series: Series;
  /** The address in the URI; undefined when a name leads to it. */
  private readonly location: string | undefined;
  private readonly stepOptions: SpanOptions;
  private metadata: RemoteMetadata | undefined;
  private openConnections = 0;
  private wasConnected = false;

  /**
   * @param tracer undefined: no traces are wanted
   * @param isReceived true when a peer has sent the proxy: object and address are then the peer's choice
   */
  constructor(
    private readonly instruments: ClientInstruments,
    private readonly tracer: Tracer | undefined,
    uri: PyroUri,
    private readonly isReceived: boolean,
  ) {
    this.location = uri.protocol === 'PYRO' ? uri.location : undefined;
    const attributes = { ...SYSTEM, [ATTRIBUTES.object]: printable(uri.object), ...serverAddress(this.location) };
    this.stepOptions = { kind: instruments.otel.SpanKind.INTERNAL, attributes };
    this.object = isReceived || isRandomId(uri.object) ? OTHER : uri.object;
    this.series = instruments.objects.series(this.object, false);
  }

  async call(call: OutgoingCall, body: () => Promise<unknown>, signal?: AbortSignal): Promise<unknown> {
    if (call.objectId === DAEMON_OBJECT_ID) return this.ofStream(call, body);
    const { instruments } = this;
    const startedAt = performance.now();
    const { metadata } = this;
    const method = this.methodOf(call);
    const span = this.startSpan(method.name, method.options);
    let failure: string | undefined;
    try {
      const result = await (span === undefined ? body() : this.inSpan(span, call, body));
      // the reply of a batch is a list, also when an entry has failed
      const failed = call.flags === 0 ? undefined : failedEntry(result);
      if (failed !== undefined) failure = this.fail(span, failed.exception, signal);
      return result;
    } catch (error) {
      failure = this.fail(span, error, signal);
      throw error;
    } finally {
      // a call that found no connection was meant for the address of the URI
      const { location = this.location } = call.connection ?? {};
      // the metadata of the first connection has the methods of the object
      const named = metadata === this.metadata ? method : this.methodOf(call);
      if (span !== undefined) {
        guarded(() => this.complete(span, call, { named, isRenamed: named !== method, location }));
        guarded(() => span.end());
      }
      const series = named.series(this.isReceived ? undefined : location);
      guarded(() => instruments.record(startedAt, series, failure));
    }
  }

  async step<T>(step: 'connect' | 'lookup', body: (annotations?: Annotations) => Promise<T>): Promise<T> {
    const { instruments, series } = this;
    const { context, trace } = instruments.otel;
    const span = this.startSpan(`pyro ${step}`, this.stepOptions);
    try {
      if (span === undefined) return await body();
      const run = step === 'connect' ? body : () => this.tellNameServer(span, body);
      return await this.within(() => trace.setSpan(context.active(), span), run);
    } catch (error) {
      const type = this.fail(span, error);
      if (step === 'connect') instruments.count(FAILED, 1, series, type);
      throw error;
    } finally {
      guarded(() => span?.end());
    }
  }

  async wait<T>(connection: Promise<T>): Promise<T> {
    const { instruments, series } = this;
    instruments.count('pyro.client.requests.waiting', 1, series);
    try {
      return await connection;
    } finally {
      instruments.count('pyro.client.requests.waiting', -1, series);
    }
  }

  connected(metadata: RemoteMetadata): void {
    const { instruments } = this;
    this.metadata = metadata;
    // connections are counted up and down with the same labels
    if (!this.wasConnected) this.series = instruments.objects.series(this.object, true);
    const { series } = this;
    instruments.count('pyro.client.connections', 1, series);
    instruments.count('pyro.client.connections.opened', 1, series);
    if (this.openConnections++ === 0 && this.wasConnected) instruments.count('pyro.client.reconnects', 1, series);
    this.wasConnected = true;
  }

  disconnected(): void {
    this.openConnections--;
    this.instruments.count('pyro.client.connections', -1, this.series);
  }

  private methodOf({ method, args, flags }: OutgoingCall): ClientMethod {
    return this.instruments.methods.named(
      this.object,
      method,
      this.metadata && (flags !== 0 || isMember(this.metadata, method, args)),
    );
  }

  /** Runs a request of a stream. The request has no span; if it connects anew, the span of connecting belongs to the trace of the stream. */
  private ofStream({ trace: told }: OutgoingCall, body: () => Promise<unknown>): Promise<unknown> {
    const { context, trace } = this.instruments.otel;
    if (this.tracer === undefined || this.openConnections > 0 || told === undefined) return body();
    const opening = readTraceContext(this.instruments.otel, told.annotations);
    return opening === undefined ? body() : this.within(() => trace.setSpanContext(context.active(), opening), body);
  }

  /** Looks a name up, with the trace of the lookup's span, and with the correlation id of the call that needs the name. */
  private tellNameServer<T>(span: Span, lookUp: (annotations?: Annotations) => Promise<T>): Promise<T> {
    const told = guarded(() => this.traceOf(span));
    if (told === undefined) return lookUp();
    const lookUpInTrace = (): Promise<T> => lookUp(told.annotations);
    if (outgoingCorrelationId() !== undefined) return lookUpInTrace();
    return withCorrelationId(correlationText(told.traceId), lookUpInTrace);
  }

  private inSpan(span: Span, call: OutgoingCall, body: () => Promise<unknown>): Promise<unknown> {
    const { context, trace } = this.instruments.otel;
    const inSpan = (): Context => {
      const within = trace.setSpan(context.active(), span);
      const told = this.traceOf(span);
      if (told === undefined) return within;
      const { annotations, traceId } = told;
      // a Python program passes only the correlation id on for certain
      const correlationId = outgoingCorrelationId() === undefined ? new GivenId(Buffer.from(traceId, 'hex')) : undefined;
      call.trace = { annotations, correlationId };
      return within;
    };
    return this.within(inSpan, body);
  }

  /** Undefined: no traces are wanted, or the SDK of the application fails. */
  private startSpan(name: string, options: SpanOptions): Span | undefined {
    const { tracer } = this;
    return tracer && guarded(() => tracer.startSpan(name, options));
  }

  /** Runs `body` in the context that `make` gives; in the active context when `make` fails. */
  private within<T>(make: () => Context, body: () => T): T {
    return runWithin(this.instruments.otel, guarded(make), body);
  }

  /** The trace of a span, and the annotations that tell it. Undefined: the span belongs to no trace. */
  private traceOf(span: Span): { traceId: string; annotations: Annotations } | undefined {
    const spanContext = span.spanContext();
    if (!this.instruments.otel.isSpanContextValid(spanContext)) return undefined;
    return { traceId: spanContext.traceId, annotations: writeTraceContext(spanContext) };
  }

  /** @returns `error.type` in metrics */
  private fail(span: Span | undefined, error: unknown, signal?: AbortSignal): string {
    const type = clientErrorType(error, signal);
    if (span !== undefined) guarded(() => this.instruments.fail(span, error, type));
    return labelledType(error, type);
  }

  private complete(span: Span, call: OutgoingCall, { named, isRenamed, location }: Answered): void {
    if (!span.isRecording()) return;
    const { name } = named;
    if (isRenamed) span.updateName(name).setAttribute(ATTRIBUTES.method, name);
    span.setAttributes(serverAddress(location));
    if (name === OTHER) span.setAttribute(ATTRIBUTES.originalMethod, originalMethod(this.object, call));
  }
}

function isMember({ methods, attrs }: RemoteMetadata, method: string, args: readonly unknown[]): boolean {
  const attribute = attributeOf(method, args);
  return attribute === undefined ? methods.has(method) : attrs.has(attribute);
}
