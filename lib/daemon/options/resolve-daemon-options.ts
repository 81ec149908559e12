import type { TLSSocket } from 'node:tls';
import {
  anyOf,
  checkOneAddress,
  checkOptions,
  configError,
  FULL_TEXT,
  FUNCTION,
  givenOptions,
  HOST,
  milliseconds,
  numberRules,
  OBJECT,
  oneOf,
  type OptionRules,
  PORT,
  STREAM,
  SWITCH,
  TEXT,
} from '../../options/option-checks.js';
import { SERVER_TLS } from '../../options/tls.js';
import { SOME_SERIALIZERS, VALUE_RULES } from '../../serializers/contract/serializer-rules.js';
import {
  DEFAULT_HOUSEKEEPING_INTERVAL_MS,
  DEFAULT_SWITCHES,
  type DaemonOptions,
  type ResolvedDaemonOptions,
} from './daemon-options.js';
import { BOUNDS_OF_LIMITS, defaultLimits, PROFILES } from '../limits/limit-profiles.js';
import { environmentDefaults } from './environment-defaults.js';

/** The rules of the options of a daemon. */
export const DAEMON_RULES: OptionRules<DaemonOptions> = {
  ...VALUE_RULES,
  ...numberRules(defaultLimits('lab'), BOUNDS_OF_LIMITS),
  housekeepingIntervalMs: milliseconds({ least: 1 }),
  host: HOST,
  port: PORT,
  unixSocket: TEXT,
  natHost: HOST,
  natPort: PORT,
  listen: SWITCH,
  connectedSocket: STREAM,
  tls: SERVER_TLS,
  serializers: SOME_SERIALIZERS,
  detailedTraceback: SWITCH,
  streaming: SWITCH,
  keepHandshake: SWITCH,
  limitLoopback: SWITCH,
  profile: oneOf(...PROFILES),
  annotations: FUNCTION,
  validateHandshake: FUNCTION,
  wireLog: FUNCTION,
  clientDisconnect: FUNCTION,
  housekeeping: FUNCTION,
  signatures: anyOf(FULL_TEXT, OBJECT),
  daemonObject: {
    takes: 'a class that extends DaemonObject',
    fits: (value) => FUNCTION.fits(value) && typeof (value as { prototype?: unknown }).prototype === 'object',
  },
};

/**
 * Fills in the defaults and checks every option.
 *
 * @throws {PyroError} `CONFIG`, naming the option, its value and the allowed values
 */
export function resolveDaemonOptions(options: DaemonOptions): ResolvedDaemonOptions {
  checkOptions(options, DAEMON_RULES);
  const given = givenOptions(options);
  const resolved: ResolvedDaemonOptions = {
    ...DEFAULT_SWITCHES,
    ...defaultLimits(given.profile ?? 'lab'),
    housekeepingIntervalMs: DEFAULT_HOUSEKEEPING_INTERVAL_MS,
    detailedTraceback: process.env['NODE_ENV'] !== 'production',
    ...environmentDefaults(given),
    ...given,
  };
  checkAddress(resolved);
  return resolved;
}

function checkAddress(options: DaemonOptions): void {
  const { host, port, unixSocket, natHost, natPort, connectedSocket, listen = true, tls } = options;
  if (!listen && (connectedSocket ?? unixSocket ?? port ?? host ?? natHost ?? (tls || undefined)) !== undefined)
    throw configError('listen: false excludes connectedSocket, host, port, unixSocket, natHost and tls');
  if (tls && unixSocket !== undefined)
    throw configError('tls needs a TCP port: no certificate names a unixSocket, and a Python client would refuse it');
  if (connectedSocket !== undefined) {
    if (tls && (connectedSocket as Partial<TLSSocket>).encrypted !== true)
      throw configError('tls is configured, but connectedSocket is no TLS socket; it is served as it is');
    if ((unixSocket ?? port ?? host) !== undefined) throw configError('connectedSocket excludes host, port and unixSocket');
    return;
  }
  checkOneAddress(options);
  if (natHost && unixSocket !== undefined) throw configError('cannot use natHost together with unixSocket');
  if (natHost === undefined && natPort !== undefined) throw configError('must provide natHost with natPort');
}
