import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { context as otel, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { finalize, type Observable, ReplaySubject, tap } from 'rxjs';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import {
  type PyroContext,
  PyroController,
  type PyroDaemon,
  PyroException,
  PyroMethod,
  PyroProxy,
} from '../../../../lib/index.js';
import { PythonInterpreter } from '../../../interop/python-interpreter.js';
import { serve } from '../fixtures.js';

/** Annotation with the W3C `traceparent` of the caller. */
const TRACE_ANNOTATION = 'TRCE';

@Injectable()
class TraceInterceptor implements NestInterceptor {
  private readonly tracer = trace.getTracer('pyro');

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'rpc') return next.handle();
    const { objectId, method, annotations } = context.switchToRpc().getContext<PyroContext>();
    const parent = propagation.extract(ROOT_CONTEXT, { traceparent: annotations.get(TRACE_ANNOTATION)?.toString() });
    const attributes = { 'rpc.system': 'pyro5', 'rpc.service': objectId, 'rpc.method': method };
    const span = this.tracer.startSpan(`${objectId}.${method}`, { kind: SpanKind.SERVER, attributes }, parent);
    // the method runs in the context in which next.handle() is called
    return otel
      .with(trace.setSpan(parent, span), () => next.handle())
      .pipe(
        tap({
          error: (error: Error) => {
            span.recordException(error);
            span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
          },
        }),
        finalize(() => span.end()),
      );
  }
}

/** The annotations of a proxy that continue the trace that is active when a call is made. */
function traceAnnotations(): Record<string, Buffer> {
  const carrier: { traceparent?: string } = {};
  propagation.inject(otel.active(), carrier);
  return carrier.traceparent === undefined ? {} : { [TRACE_ANNOTATION]: Buffer.from(carrier.traceparent) };
}

const temperatures = new ReplaySubject<number>();

@PyroController('oven')
class OvenObject {
  @PyroMethod() async heat(celsius: number): Promise<string | undefined> {
    await new Promise(setImmediate);
    if (celsius > 1200) throw new PyroException('builtins.ValueError', ['too hot']);
    return trace.getActiveSpan()?.spanContext().traceId;
  }

  @PyroMethod({ stream: true }) temperatures(): Observable<number> {
    return temperatures;
  }

  @PyroMethod() *curve(): Generator<string | undefined> {
    for (let i = 0; i < 3; i++) yield trace.getActiveSpan()?.spanContext().traceId;
  }
}

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(() => provider.register());
afterEach(() => exporter.reset());
afterAll(async () => {
  trace.disable();
  otel.disable();
  propagation.disable();
  await provider.shutdown();
});

async function oven(): Promise<string> {
  const metadata = { providers: [OvenObject, { provide: APP_INTERCEPTOR, useClass: TraceInterceptor }] };
  const { server } = await serve(metadata, { telemetry: false });
  return String(server.unwrap<PyroDaemon>().uriFor('oven'));
}

it('OpenTelemetry: each call has a span of its own, which is active in the method', async () => {
  await using proxy = await PyroProxy.connect<OvenObject>(await oven(), { telemetry: false });
  const traces = [await proxy.heat(20), await proxy.heat(30)];
  await expect(proxy.heat(2_000)).rejects.toThrow('too hot');
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name, kind, status }) => [name, kind, status.code])).toEqual([
    ['oven.heat', SpanKind.SERVER, SpanStatusCode.UNSET],
    ['oven.heat', SpanKind.SERVER, SpanStatusCode.UNSET],
    ['oven.heat', SpanKind.SERVER, SpanStatusCode.ERROR],
  ]);
  expect(spans.slice(0, 2).map((span) => span.spanContext().traceId)).toEqual(traces);
  expect(new Set(traces).size).toBe(2);
});

it('OpenTelemetry: the span of a call is active at every item of its generator', async () => {
  await using proxy = await PyroProxy.connect<OvenObject>(await oven(), { telemetry: false });
  const curve = await proxy.curve();
  const seen: unknown[] = [];
  for await (const traceId of curve) {
    seen.push(traceId);
    await proxy.heat(20);
  }
  const { traceId } = exporter.getFinishedSpans()[0]!.spanContext();
  expect(seen).toEqual([traceId, traceId, traceId]);
});

it('OpenTelemetry: the span of an Observable stream ends with its last item', async () => {
  await using proxy = await PyroProxy.connect<OvenObject>(await oven(), { telemetry: false });
  const stream = (await proxy.temperatures()) as unknown as AsyncGenerator<number>;
  temperatures.next(20);
  expect(await stream.next()).toEqual({ value: 20, done: false });
  expect(exporter.getFinishedSpans()).toEqual([]);
  temperatures.complete();
  expect((await stream.next()).done).toBe(true);
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['oven.temperatures']);
});

it('OpenTelemetry: the trace of a client goes on in the server, from TypeScript and from Python', async () => {
  const uri = await oven();
  await using proxy = await PyroProxy.connect<OvenObject>(uri, { annotations: traceAnnotations, telemetry: false });
  const span = trace.getTracer('client').startSpan('client');
  const { traceId, spanId } = span.spanContext();
  expect(await otel.with(trace.setSpan(otel.active(), span), () => proxy.heat(20))).toBe(traceId);
  expect(exporter.getFinishedSpans().at(-1)!.parentSpanContext).toMatchObject({ traceId, spanId, isRemote: true });
  span.end();

  const python = await PythonInterpreter.start();
  try {
    const answer = await python.run(
      `
      from Pyro5.api import Proxy, current_context
      current_context.annotations = {'TRCE': parent.encode()}
      with Proxy(uri) as oven:
          return oven.heat(20)
      `,
      { uri, parent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01` },
    );
    expect(answer).toBe('ab'.repeat(16));
  } finally {
    python.stop();
  }
});
