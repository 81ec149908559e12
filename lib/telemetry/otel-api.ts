// not by its name: bundles for Node often begin with an import of `createRequire`
import module from 'node:module';
import type * as OtelApi from '@opentelemetry/api';

/** The package `@opentelemetry/api`. */
export type Otel = typeof OtelApi;

const PACKAGE = '@opentelemetry/api';

let loaded: Otel | null | undefined;

/** Loads `@opentelemetry/api` at the first call. Undefined when the application has not installed it. */
export function loadOtel(): Otel | undefined {
  if (loaded === undefined) {
    try {
      loaded = module.createRequire(import.meta.url)(PACKAGE) as Otel;
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}

/** True when the application has set an SDK up: a provider of traces, or one of metrics. */
export function hasSdk(otel: Otel): boolean {
  const { trace, metrics, ProxyTracerProvider, createNoopMeter } = otel;
  const provider = trace.getTracerProvider();
  const none = new ProxyTracerProvider().getDelegate();
  const hasTracer = !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== none;
  return hasTracer || metrics.getMeterProvider().getMeter('nestjs-pyro') !== createNoopMeter();
}

/** The API, if telemetry is wanted. @param option undefined: wanted when the application has set an SDK up */
export function wantedOtel(option: boolean | undefined): Otel | undefined {
  if (option === false) return undefined;
  const otel = loadOtel();
  return otel && (option === true || hasSdk(otel)) ? otel : undefined;
}
