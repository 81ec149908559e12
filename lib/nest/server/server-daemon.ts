import type { Authorization, AuthorizeRequest } from '../../daemon/contract/authorization.js';
import { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { wireLogOf } from '../logging/wire-log.js';
import type { NestTarget } from '../target/nest-target.js';
import type { PyroServerOptions } from './pyro-server-options.js';

/**
 * Makes the daemon of a server. The daemon has the targets and does not listen yet.
 *
 * @param validateHandshake runs the handshake guards of the server; undefined: the server has none
 * @throws {PyroError} `CONFIG`, when an option is wrong
 */
export function daemonOf(
  options: PyroServerOptions,
  targets: readonly NestTarget[],
  validateHandshake: ((request: AuthorizeRequest) => Promise<Authorization>) | undefined,
): PyroDaemon {
  const {
    name: _name,
    naming: _naming,
    handshakeGuards: _guards,
    inheritAppConfig: _inherit,
    drainTimeoutMs: _drain,
    failureLevel: _level,
    nameServer: _nameServer,
    accessLog: _accessLog,
    wireLog,
    ...daemonOptions
  } = options;
  const daemon = new PyroDaemon({
    ...daemonOptions,
    validateHandshake,
    housekeeping: () => {
      for (const target of targets) target.runHousekeeping();
      return daemonOptions.housekeeping?.();
    },
    wireLog: wireLogOf(wireLog),
    logger: false,
  });
  for (const target of targets) daemon.registerTarget(target.definition.objectId, target);
  return daemon;
}
