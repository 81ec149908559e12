import type { RegistrationOptions } from '../../pyro/daemon-names.js';
import type { PyroDaemonOptions } from '../../pyro/pyro-daemon.js';
import type { HandshakeGuard } from '../metadata/controller-metadata.js';
import type { PyroWireLog } from '../logging/wire-log.js';
import type { PyroNaming } from '../metadata/wire-names.js';

/** Options of a {@link PyroServer}: those of its daemon, and Nest's own. */
export interface PyroServerOptions extends Omit<PyroDaemonOptions, 'validateHandshake' | 'wireLog'> {
  /** What `@PyroController({ server })` refers to. Objects that name no server are served by all. */
  name?: string;
  /** How names that were not given appear on the wire. Default `same`; a controller may say otherwise. */
  naming?: PyroNaming;
  /**
   * Registers every object that has a `name`, and takes the names off at shutdown. `true`: at `localhost:9090`. A name server
   * that is not there, or forgets the names, is tried again every `retryIntervalMs`. Default: nothing is registered.
   */
  nameServer?: true | RegistrationOptions;
  /** Run for every connection, the daemon's own object included, before those of the object. */
  handshakeGuards?: HandshakeGuard[];
  /**
   * Whether global guards, pipes, interceptors and filters (APP_* ones too) run. Default true: the option of
   * `connectMicroservice` with this name does not reach strategies, and a global guard that is dropped is worse than one
   * that runs twice.
   */
  inheritAppConfig?: boolean;
  /** Log every message as `debug` of `PyroWire`; see {@link PyroWireLog}. Default: what `PYRO_LOGWIRE` says, or false. */
  wireLog?: PyroWireLog;
  /** How long running calls are waited for when the application shuts down. Default 10,000. */
  drainTimeoutMs?: number;
}
