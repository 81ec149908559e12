import type { Context, Histogram } from '@opentelemetry/api';
import { CallInstruments } from './call-instruments.js';
import type { WantedOtel } from './otel-api.js';
import { SCOPE, STREAM_BUCKETS } from './semantics.js';
import type { Series } from './series.js';

/** The instruments of the calls and streams of a daemon. */
export class ServerInstruments extends CallInstruments {
  private readonly streamDuration: Histogram | undefined;

  constructor(wanted: WantedOtel) {
    super(wanted, 'server');
    if (!wanted.metrics) return;
    this.streamDuration = wanted.otel.metrics.getMeter(SCOPE).createHistogram('pyro.server.stream.duration', {
      description: 'Time from the opening of an item stream to its end',
      unit: 's',
      advice: { explicitBucketBoundaries: STREAM_BUCKETS },
    });
  }

  /** Measures a stream that has ended. @param openedAt `performance.now()` at its opening @param context context of its span */
  recordStream(openedAt: number, series: Series, errorType: string | undefined, context?: Context): void {
    this.streamDuration?.record((performance.now() - openedAt) / 1_000, series.labels(errorType), context);
  }
}
