import { millisecondsOf } from '../../options/config-items.js';
import { environmentConfig } from '../../options/environment.js';
import type { PyroConfig } from '../../options/config-items.js';
import { clientTlsOf } from '../../options/tls.js';
import { givenOptions } from '../../options/option-checks.js';
import type { PyroProxyOptions } from './proxy-options.js';

/**
 * Defaults of a proxy from the environment.
 *
 * @param given options that count before them
 * @throws {PyroError} `CONFIG`, when variables are wrong
 */
export function environmentDefaults(
  given: PyroProxyOptions,
  config: PyroConfig = environmentConfig(),
): Partial<PyroProxyOptions> {
  const callTimeoutMs = millisecondsOf(config.COMMTIMEOUT);
  return givenOptions({
    callTimeoutMs,
    connectTimeoutMs: callTimeoutMs || undefined,
    compression: config.COMPRESSION,
    maxMessageBytes: config.MAX_MESSAGE_SIZE,
    maxRetries: config.MAX_RETRIES,
    serializer: config.SERIALIZER,
    serpentBytesRepr: config.SERPENT_BYTES_REPR,
    tls: given.openSocket || given.connectedSocket || given.tls !== undefined ? undefined : clientTlsOf(config),
  });
}
