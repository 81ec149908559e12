import { RECEIVED_PROXY_RULES, type ReceivedProxyOptions } from '../client/options/received-proxy-options.js';
import type { ReceivedProxies } from '../client/options/received-proxies.js';
import type { DaemonOptions } from '../daemon/options/daemon-options.js';
import { DAEMON_RULES } from '../daemon/options/resolve-daemon-options.js';
import { ACCESS_LOG, type AccessLogOptions } from '../logging/access-log.js';
import { INSPECTOR_ACCESS, type InspectorAccess } from './inspector-object.js';
import type { PyroLogger } from '../logging/log-entry.js';
import { anyOf, objectRule, type OptionRules, SWITCH, SYNC_FUNCTION, withMethods } from '../options/option-checks.js';

/** Options of a daemon. Times are milliseconds, sizes bytes; 0 switches a timeout off. */
export interface PyroDaemonOptions extends DaemonOptions {
  /**
   * The logger of the daemon's events, for example `console` or a logger of pino. Entries have fields. Failures and refused clients are
   * logged, and each connection at `debug`. False: nothing is logged. Default: the log that `PYRO_LOGLEVEL` and `PYRO_LOGFILE` switch on;
   * without it, warnings of the process for calls that failed by a mistake whose stack no client gets.
   */
  logger?: PyroLogger | false;
  /** Logs each call when it has ended, as `info` of `logger`. True: every call. See {@link AccessLogOptions}. Default false. */
  accessLog?: boolean | AccessLogOptions;
  /**
   * Makes OpenTelemetry traces and metrics of all calls. True: also if the SDK is set up later; then there are traces, but no metrics.
   * Default: when `@opentelemetry/api` is installed and an SDK was set up before the daemon listens.
   */
  telemetry?: boolean;
  /**
   * Serves the object `Pyro.Inspector`, by which `nestjs-pyro watch` and `nestjs-pyro inspect` read who is connected and what is called.
   * True: for clients on this machine. With a guard: for clients that the guard authorizes. Default false.
   */
  inspector?: boolean | InspectorAccess;
  /** Decides where proxies that clients pass may connect to. Default: over TCP to the client's own address, and nowhere else. */
  receivedProxies?: ReceivedProxies;
  /**
   * Options of the proxies that clients pass. Default: the daemon's own limits, `callTimeoutMs` 60,000, `idleTimeoutMs` 30,000, and
   * TLS with the authorities that the daemon trusts (`tls.ca`) if it has TLS. Certificates, keys and handshake data of name servers are
   * never shown to a server that a client names, even if they are given here.
   */
  receivedProxyOptions?: ReceivedProxyOptions;
}

/** The rules of the options of a daemon. */
export const PYRO_DAEMON_RULES: OptionRules<PyroDaemonOptions> = {
  ...DAEMON_RULES,
  logger: anyOf({ takes: 'false', fits: (value) => value === false }, withMethods('a logger', 'debug', 'info', 'warn', 'error')),
  accessLog: ACCESS_LOG,
  telemetry: SWITCH,
  inspector: INSPECTOR_ACCESS,
  receivedProxies: SYNC_FUNCTION,
  receivedProxyOptions: objectRule('an object', RECEIVED_PROXY_RULES),
};
