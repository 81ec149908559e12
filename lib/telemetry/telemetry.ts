import type { ClientObserver } from '../client/call/client-observer.js';
import type { BaseDaemon } from '../daemon/daemon.js';
import type { PyroUri } from '../protocol/uri.js';
import { ClientTelemetry } from './client-telemetry.js';
import { observeDaemon } from './daemon-metrics.js';
import { wantedOtel } from './otel-api.js';
import { ServerTelemetry } from './server-telemetry.js';

/**
 * Makes traces and metrics of a daemon from the moment on in which it listens.
 *
 * @param option undefined: when the application has set an SDK of OpenTelemetry up before
 */
export function followDaemon(daemon: BaseDaemon, option: boolean | undefined): void {
  if (option === false) return;
  daemon.once('listening', () => {
    const otel = wantedOtel(option);
    if (otel === undefined) return;
    daemon.observe(new ServerTelemetry(otel, daemon));
    observeDaemon(otel, daemon);
  });
}

/** Who makes traces and metrics of the calls of a proxy; undefined: nobody. @param option as for {@link followDaemon} */
export function followProxy(uri: PyroUri, option: boolean | undefined): ClientObserver | undefined {
  const otel = wantedOtel(option);
  return otel && new ClientTelemetry(otel, uri);
}
