import type { Attributes, BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import type { DaemonSnapshot } from '../daemon/contract/snapshot.js';
import { guarded } from './guarded-sdk.js';
import type { Otel } from './otel-api.js';
import { SCOPE, serverAddress } from './semantics.js';

interface Metric {
  readonly kind: 'counter' | 'gauge';
  readonly unit: string;
  readonly description: string;
  observe(result: (value: number, labels?: Attributes) => void, snapshot: DaemonSnapshot): void;
}

/** The metrics of a daemon, without the durations of calls. No label has a text that a client chose. */
export const DAEMON_METRICS: Readonly<Record<string, Metric>> = {
  'pyro.server.connections': {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Open connections',
    observe: (result, { totals }) => result(totals.connectionsOpen),
  },
  'pyro.server.connections.opened': {
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections that passed their handshake',
    observe: (result, { totals }) => result(totals.connectionsOpened),
  },
  'pyro.server.connections.refused': {
    kind: 'counter',
    unit: '{connection}',
    description: 'Connections whose handshake was refused or failed',
    observe: (result, { totals }) => result(totals.connectionsRefused),
  },
  'pyro.server.requests.in_progress': {
    kind: 'gauge',
    unit: '{request}',
    description: 'Requests that run or wait',
    observe: (result, { totals }) => result(totals.requestsInProgress),
  },
  'pyro.server.streams': {
    kind: 'gauge',
    unit: '{stream}',
    description: 'Open item streams',
    observe: (result, { totals }) => result(totals.streamsOpen),
  },
  'pyro.server.io': {
    kind: 'counter',
    unit: 'By',
    description: 'Bytes that came from clients and were sent to clients',
    observe: (result, { totals }) => {
      result(totals.receivedBytes, { direction: 'received' });
      result(totals.sentBytes, { direction: 'sent' });
    },
  },
  'pyro.server.limit.reached': {
    kind: 'counter',
    unit: '{time}',
    description: 'How often a limit was reached',
    observe: (result, { limits }) => {
      // 0 as well: Prometheus sees no increase of a counter that begins at 1
      for (const { name, reached } of limits) result(reached, { limit: name });
    },
  },
  'pyro.server.limit.usage': {
    kind: 'gauge',
    unit: '1',
    description: 'Used part of a limit, of the connection or address that uses most',
    observe: (result, { limits }) => {
      for (const { name, used, value } of limits) if (used !== null && value > 0) result(used / value, { limit: name });
    },
  },
  'pyro.server.names': {
    kind: 'gauge',
    unit: '{name}',
    description: 'Names at name servers',
    observe: (result, { totals }) => {
      result(totals.namesRegistered, { state: 'registered' });
      result(totals.namesTaken, { state: 'taken' });
      result(totals.namesWaiting, { state: 'waiting' });
    },
  },
};

/** How long the metrics of a closed daemon wait for a collection. */
const MAX_WAIT_AFTER_CLOSE_MS = 600_000;

/**
 * Lets the metrics of a daemon be read until it closes, and once afterwards: the SDK repeats the last value of a gauge for ever, so this
 * value must be 0. Work is done only when the metrics are read.
 */
export function observeDaemon(otel: Otel, daemon: BaseDaemon): void {
  const observed = new ObservedDaemon(otel, daemon);
  daemon.once('close', () => observed.close(daemon));
}

/** A daemon whose metrics are read. After the end of the daemon this refers only to its last snapshot. */
class ObservedDaemon {
  private readonly meter: Meter;
  private readonly server: Attributes;
  private readonly instruments = new Map<Metric, Observable>();
  private source: { readonly daemon: BaseDaemon } | { readonly last: DaemonSnapshot };
  private waiting: NodeJS.Timeout | undefined;

  constructor(otel: Otel, daemon: BaseDaemon) {
    this.meter = otel.metrics.getMeter(SCOPE);
    this.server = serverAddress(daemon.natLocationStr ?? daemon.locationStr);
    this.source = { daemon };
    for (const [name, metric] of Object.entries(DAEMON_METRICS)) {
      const { unit, description } = metric;
      const make = metric.kind === 'counter' ? 'createObservableCounter' : 'createObservableGauge';
      this.instruments.set(metric, this.meter[make](name, { unit, description }));
    }
    this.meter.addBatchObservableCallback(this.read, [...this.instruments.values()]);
  }

  close(daemon: BaseDaemon): void {
    this.source = { last: snapshotOf(daemon) };
    // a program without a reader never collects
    this.waiting = setTimeout(this.forget, MAX_WAIT_AFTER_CLOSE_MS).unref();
  }

  private readonly read = (result: BatchObservableResult): void => {
    const { source, server } = this;
    const hasClosed = 'last' in source;
    const snapshot = hasClosed ? source.last : snapshotOf(source.daemon);
    for (const [metric, instrument] of this.instruments) {
      const isZero = hasClosed && metric.kind === 'gauge';
      metric.observe((value, labels) => result.observe(instrument, isZero ? 0 : value, { ...server, ...labels }), snapshot);
    }
    // the SDK is going through its callbacks
    if (hasClosed) queueMicrotask(this.forget);
  };

  private readonly forget = (): void => {
    clearTimeout(this.waiting);
    guarded(() => this.meter.removeBatchObservableCallback(this.read, [...this.instruments.values()]));
  };
}

function snapshotOf(daemon: BaseDaemon): DaemonSnapshot {
  return daemon.inspect({ maxListed: 0 });
}
