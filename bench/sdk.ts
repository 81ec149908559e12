import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';

/** The signals that an application lets the SDK make. */
export type Signals = 'none' | 'metrics' | 'unsampled' | 'metrics+unsampled' | 'metrics+sampled';

/** Takes spans and sends them nowhere. */
const exporter: SpanExporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
};

/** Sets the SDK up as an application does, with exporters that send nothing. */
export function setUpSdk(signals: Signals): void {
  const wanted = signals.split('+');
  if (wanted.includes('metrics'))
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [new PrometheusExporter({ preventServerStart: true })] }));
  if (!signals.includes('sampled')) return;
  const root = wanted.includes('sampled') ? new AlwaysOnSampler() : new AlwaysOffSampler();
  new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  }).register();
}
