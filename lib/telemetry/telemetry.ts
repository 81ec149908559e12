import type { ClientObserver } from '../client/call/client-observer.js';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import type { PyroUri } from '../protocol/uri.js';
import { tracerOf } from './call-instruments.js';
import { ClientInstruments, ClientTelemetry } from './client-telemetry.js';
import { observeDaemon } from './daemon-metrics.js';
import { guarded } from './guarded-sdk.js';
import { type WantedOtel, wantedOtel } from './otel-api.js';
import { ServerTelemetry } from './server-telemetry.js';

/**
 * Makes traces and metrics of a daemon from its start of listening on.
 *
 * @param option undefined: when the application has set an SDK of OpenTelemetry up before
 */
export function followDaemon(daemon: BaseDaemon, option: boolean | undefined): void {
  if (option === false) return;
  daemon.once('listening', () => {
    const wanted = wantedOtel(option);
    if (wanted === undefined) return;
    daemon.observe(new ServerTelemetry(wanted, daemon));
    if (wanted.metrics) observeDaemon(wanted.otel, daemon);
  });
}

/**
 * Gives the observer that makes traces and metrics of the calls of a proxy; undefined when none are wanted.
 *
 * @param option as for {@link followDaemon}
 * @param isReceived true when a peer has sent the proxy
 */
export function followProxy(uri: PyroUri, option: boolean | undefined, isReceived: boolean): ClientObserver | undefined {
  return guarded(() => {
    const wanted = wantedOtel(option);
    return wanted && new ClientTelemetry(instrumentsFor(wanted), tracerOf(wanted), uri, isReceived);
  });
}

/** The instruments of all proxies, made for the metrics that were set up last. Proxies with traces and without share the names that are limited. */
let instruments: { readonly made: ClientInstruments; readonly key: object } | undefined;

function instrumentsFor(wanted: WantedOtel): ClientInstruments {
  const key = wanted.otel.metrics.getMeterProvider();
  if (instruments?.key !== key) instruments = { made: new ClientInstruments(wanted), key };
  return instruments.made;
}
