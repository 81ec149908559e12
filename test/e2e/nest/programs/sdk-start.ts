/** Sets an SDK for traces up, as an application does in the file that it imports first: `node-sdk` or `sentry`. */
import * as Sentry from '@sentry/node';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';

/** A span as the SDK was about to send it. */
export interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentId: string | null;
}

/** The spans that have ended. */
export const spansOf: () => Promise<SentSpan[]> = process.argv[2] === 'sentry' ? startSentry() : startNodeSdk();

function startNodeSdk(): () => Promise<SentSpan[]> {
  const exporter = new InMemorySpanExporter();
  // without a sampler: OTEL_TRACES_SAMPLER chooses it
  new NodeSDK({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).start();
  return () =>
    Promise.resolve(
      exporter.getFinishedSpans().map((span) => {
        const { traceId, spanId } = span.spanContext();
        const parentId = span.parentSpanContext?.spanId ?? null;
        return { name: span.name, traceId, spanId, parentId };
      }),
    );
}

interface SentryItem {
  name: string;
  trace_id: string;
  span_id: string;
  parent_span_id?: string;
}

/** Sentry with a transport that keeps what would go over the network. */
function startSentry(): () => Promise<SentSpan[]> {
  const sent: SentryItem[] = [];
  Sentry.init({
    dsn: 'https://key@sentry.invalid/1',
    enableOpenTelemetrySetup: true,
    tracesSampleRate: 1,
    transport: () => ({
      send: ([, items]) => {
        for (const [{ type }, body] of items) if (type === 'span') sent.push(...(body as { items: SentryItem[] }).items);
        return Promise.resolve({});
      },
      flush: () => Promise.resolve(true),
    }),
  });
  return async () => {
    await Sentry.flush();
    return sent.map(({ name, trace_id, span_id, parent_span_id }) => {
      return { name, traceId: trace_id, spanId: span_id, parentId: parent_span_id ?? null };
    });
  };
}
