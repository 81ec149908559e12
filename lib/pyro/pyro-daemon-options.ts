import { RECEIVED_PROXY_RULES, type ReceivedProxyOptions } from '../client/options/received-proxy-options.js';
import type { ReceivedProxies } from '../client/options/received-proxies.js';
import type { DaemonOptions } from '../daemon/options/daemon-options.js';
import { DAEMON_RULES } from '../daemon/options/resolve-daemon-options.js';
import { FUNCTION, objectOf, type OptionRules } from '../options/option-checks.js';

/** Options of a daemon. Times are milliseconds, sizes bytes; 0 switches a timeout off. */
export interface PyroDaemonOptions extends DaemonOptions {
  /** Decides where proxies that clients pass may connect to. Default: over TCP to the client's own address, and nowhere else. */
  receivedProxies?: ReceivedProxies;
  /**
   * Options of the proxies that clients pass. Default: the daemon's own limits, `callTimeoutMs` 60,000, `idleTimeoutMs` 30,000, and
   * TLS with the authorities that the daemon trusts (`tls.ca`) if it has TLS. Certificates and keys are never shown to a server that
   * a client names, even if they are given here.
   */
  receivedProxyOptions?: ReceivedProxyOptions;
}

/** The rules of the options of a daemon. */
export const PYRO_DAEMON_RULES: OptionRules<PyroDaemonOptions> = {
  ...DAEMON_RULES,
  receivedProxies: FUNCTION,
  receivedProxyOptions: objectOf('an object', RECEIVED_PROXY_RULES),
};
