import type { Counter, UpDownCounter } from '@opentelemetry/api';
import type { Otel } from './otel-api.js';
import { SCOPE } from './semantics.js';

/** The metrics of proxies, without the durations of calls. Their label is the object as the program names it. */
export const CLIENT_METRICS = {
  'pyro.client.connections': {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Open connections of proxies',
  },
  'pyro.client.connections.opened': {
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that proxies have opened',
  },
  'pyro.client.connections.failed': {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to connect that failed, the lookup of the name included',
  },
  'pyro.client.reconnects': {
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections of proxies that had been connected before and were no more',
  },
  'pyro.client.requests.waiting': {
    kind: 'gauge',
    unit: '{request}',
    description: 'Calls that wait for a free connection, or until one is open',
  },
} as const;

/** Gives the instruments of {@link CLIENT_METRICS}. */
export function clientInstruments(otel: Otel): Record<keyof typeof CLIENT_METRICS, Counter | UpDownCounter> {
  const meter = otel.metrics.getMeter(SCOPE);
  const made = Object.entries(CLIENT_METRICS).map(([name, { kind, unit, description }]) => [
    name,
    meter[kind === 'counter' ? 'createCounter' : 'createUpDownCounter'](name, { unit, description }),
  ]);
  return Object.fromEntries(made) as Record<keyof typeof CLIENT_METRICS, Counter | UpDownCounter>;
}
