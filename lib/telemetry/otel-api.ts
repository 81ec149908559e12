// a namespace import, because bundles for Node often declare `createRequire` at their start
import module from 'node:module';
import type * as OtelApi from '@opentelemetry/api';

/** The package `@opentelemetry/api`. */
export type Otel = typeof OtelApi;

const PACKAGE = '@opentelemetry/api';

let loaded: Otel | null | undefined;

/** Loads `@opentelemetry/api` at the first call. Undefined when the application has not installed it. */
function loadOtel(): Otel | undefined {
  if (loaded === undefined) {
    try {
      loaded = module.createRequire(import.meta.url)(PACKAGE) as Otel;
    } catch {
      loaded = null;
    }
  }
  return loaded ?? undefined;
}

/** The API, and which signals the application wants. */
export interface WantedOtel {
  readonly otel: Otel;
  readonly traces: boolean;
  readonly metrics: boolean;
}

/**
 * Gives the API, if telemetry is wanted: traces when the application has set a provider of traces up, metrics when it has set a provider of
 * metrics up.
 *
 * @param option true: traces are wanted in any case; false: neither is wanted
 */
export function wantedOtel(option: boolean | undefined): WantedOtel | undefined {
  if (option === false) return undefined;
  const otel = loadOtel();
  if (otel === undefined) return undefined;
  const wanted = { otel, traces: option === true || hasTracers(otel), metrics: hasMeters(otel) };
  return wanted.traces || wanted.metrics ? wanted : undefined;
}

function hasTracers({ trace, ProxyTracerProvider }: Otel): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== new ProxyTracerProvider().getDelegate();
}

function hasMeters({ metrics, createNoopMeter }: Otel): boolean {
  return metrics.getMeterProvider().getMeter('nestjs-pyro') !== createNoopMeter();
}
