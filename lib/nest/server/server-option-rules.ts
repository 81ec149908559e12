import { checkDaemonOptions } from '../../daemon/options/resolve-daemon-options.js';
import { NAME_SERVER } from '../../pyro/daemon-names.js';
import { checkNumber, checkOptions, FULL_TEXT, type OptionRules, SWITCH } from '../../options/option-checks.js';
import { WIRE_LOG } from '../logging/wire-log.js';
import { GUARDS } from '../metadata/controller-metadata.js';
import { NAMING } from '../metadata/wire-names.js';
import type { PyroServerOptions } from './pyro-server-options.js';

const RULES: OptionRules<PyroServerOptions> = {
  name: FULL_TEXT,
  naming: NAMING,
  nameServer: NAME_SERVER,
  handshakeGuards: GUARDS,
  inheritAppConfig: SWITCH,
  wireLog: WIRE_LOG,
};

/** Checks the options of the Nest layer and of the daemon; the daemon checks numbers. @throws {PyroError} `CONFIG`, naming option and value */
export function checkServerOptions(options: PyroServerOptions): void {
  const { wireLog: _, ...daemonOptions } = options;
  checkOptions(options, RULES);
  checkDaemonOptions(daemonOptions);
  if (options.drainTimeoutMs !== undefined) checkNumber('drainTimeoutMs', options.drainTimeoutMs);
}
