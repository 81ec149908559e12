import type { Authorization, AuthorizeRequest } from '../../daemon/contract/authorization.js';
import type { RegisterOptions } from '../../daemon/contract/daemon.js';
import { PyroDaemon } from '../../pyro/pyro-daemon.js';
import type { PyroUri } from '../../protocol/uri.js';
import { wireLogOf } from '../logging/wire-log.js';
import type { NestTarget } from '../target/nest-target.js';
import type { PyroDaemonOptions } from '../../pyro/pyro-daemon-options.js';
import { refuseLostEnhancers } from './lost-enhancers.js';
import type { PyroServerOptions } from './pyro-server-options.js';

/** Runs guards of the server itself. */
export type OwnGuard = (request: AuthorizeRequest) => Promise<Authorization>;

/** The daemon of a server. It registers no objects whose enhancers nobody would run, nor serves them as arguments or results. */
class ServerDaemon extends PyroDaemon {
  static {
    // applications and logs know it as a PyroDaemon
    Object.defineProperty(this, 'name', { value: PyroDaemon.name });
  }

  override register(objectOrClass: object, objectId?: string, options: RegisterOptions = {}): PyroUri {
    refuseLostEnhancers(objectOrClass, options.guards);
    return super.register(objectOrClass, objectId, options);
  }
}

/**
 * Makes the daemon of a server. The daemon has the targets and does not listen yet.
 *
 * @param validateHandshake runs the handshake guards of the server; undefined: the server has none
 * @throws {PyroError} `CONFIG`, when an option is wrong
 */
export function daemonOf(
  options: Omit<PyroServerOptions, 'inspector'> & Pick<PyroDaemonOptions, 'inspector'>,
  targets: readonly NestTarget[],
  validateHandshake: OwnGuard | undefined,
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
  const daemon = new ServerDaemon({
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
  daemon.once('listening', () => {
    for (const target of targets) target.keepSingle();
  });
  return daemon;
}
