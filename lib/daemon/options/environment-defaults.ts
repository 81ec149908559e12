import { millisecondsOf, type OptionItems, type PyroConfig } from '../../options/config-items.js';
import { environmentConfig } from '../../options/environment.js';
import { serverTlsItems, serverTlsOf } from '../../options/tls.js';
import { configError, givenOptions } from '../../options/option-checks.js';
import type { DaemonOptions } from './daemon-options.js';

/**
 * Defaults of a daemon from the environment.
 *
 * @param given options in code, which win over environment variables
 * @throws {PyroError} `CONFIG`, when variables are wrong or do not go with the options
 */
export function environmentDefaults(given: DaemonOptions, config: PyroConfig = environmentConfig()): Partial<DaemonOptions> {
  const idleTimeoutMs = millisecondsOf(config.COMMTIMEOUT);
  return givenOptions({
    ...addressDefaults(given, config),
    compression: config.COMPRESSION,
    // off, Pyro5's default, withholds the variables of each frame, which are never sent here; it withholds no traceback
    detailedTraceback: config.DETAILED_TRACEBACK || undefined,
    idleTimeoutMs,
    frameTimeoutMs: idleTimeoutMs || undefined,
    housekeepingIntervalMs: millisecondsOf(config.POLLTIMEOUT),
    maxMessageBytes: config.MAX_MESSAGE_SIZE,
    serpentBytesRepr: config.SERPENT_BYTES_REPR,
    streaming: config.ITER_STREAMING,
    streamLifetimeMs: millisecondsOf(config.ITER_STREAM_LIFETIME),
    streamLingerMs: millisecondsOf(config.ITER_STREAM_LINGER),
  });
}

/** The config items that set each option in {@link environmentDefaults}. */
export function itemsOfDaemon(config: PyroConfig): OptionItems<DaemonOptions> {
  return {
    host: ['HOST'],
    natHost: ['NATHOST'],
    natPort: ['NATHOST', 'NATPORT'],
    tls: serverTlsItems(config),
    compression: ['COMPRESSION'],
    detailedTraceback: ['DETAILED_TRACEBACK'],
    idleTimeoutMs: ['COMMTIMEOUT'],
    frameTimeoutMs: ['COMMTIMEOUT'],
    housekeepingIntervalMs: ['POLLTIMEOUT'],
    maxMessageBytes: ['MAX_MESSAGE_SIZE'],
    serpentBytesRepr: ['SERPENT_BYTES_REPR'],
    streaming: ['ITER_STREAMING'],
    streamLifetimeMs: ['ITER_STREAM_LIFETIME'],
    streamLingerMs: ['ITER_STREAM_LINGER'],
  };
}

function addressDefaults(given: DaemonOptions, config: PyroConfig): Partial<DaemonOptions> {
  if (given.listen === false) return {};
  // a connected socket needs no certificate of the daemon, but must be a TLS socket
  if (given.connectedSocket) return { tls: config.SSL && given.tls === undefined ? {} : undefined };
  const tls = given.tls === undefined ? serverTlsOf(config) : undefined;
  if (given.unixSocket !== undefined) {
    if (config.NATHOST !== undefined && given.natHost === undefined)
      throw configError("cannot use PYRO_NATHOST together with unixSocket; say natHost: ''");
    return { tls };
  }
  const natHost = given.natHost ?? config.NATHOST;
  return { tls, host: config.HOST, natHost, natPort: natHost ? config.NATPORT : undefined };
}
