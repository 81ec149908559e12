import { type DaemonNamesOptions, NAME_SERVER } from '../../pyro/daemon-names.js';
import { PYRO_DAEMON_RULES, type PyroDaemonOptions } from '../../pyro/pyro-daemon-options.js';
import { anyOf, FULL_TEXT, FUNCTION, milliseconds, objectRule, type OptionRules, SWITCH } from '../../options/option-checks.js';
import type { AccessLogOptions } from '../../logging/access-log.js';
import { GUARDS, type HandshakeGuard } from '../metadata/controller-metadata.js';
import type { PyroFailureLevel } from '../logging/failure-level.js';
import { type PyroWireLog, WIRE_LOG } from '../logging/wire-log.js';
import type { PyroNaming } from '../../objects/naming.js';
import { NAMING } from '../metadata/wire-names.js';

/** Options of a {@link PyroServer}: the options of its daemon, and options of the Nest layer. */
export interface PyroServerOptions extends Omit<PyroDaemonOptions, 'validateHandshake' | 'wireLog' | 'logger' | 'inspector'> {
  /** The name that `@PyroController({ server })` refers to. All servers serve objects that name no server. */
  name?: string;
  /** Wire names of members and parameters that have no name in options. Default `same`; the option of a controller wins. */
  naming?: PyroNaming;
  /**
   * Registers every object that has a `name`, and removes the names at shutdown. `true`: at `localhost:9090`. If the name server
   * does not answer, or forgets the names, the server tries again every `retryIntervalMs`. A list: at all of these name servers. Default:
   * nothing is registered.
   */
  nameServer?: true | DaemonNamesOptions | readonly DaemonNamesOptions[];
  /** Guards for every connection and object, the daemon's own object included. They run before the guards of the object. */
  handshakeGuards?: HandshakeGuard[];
  /**
   * True: global guards, pipes, interceptors and filters run, APP_* providers included. Default true. The option of `connectMicroservice`
   * with this name has no effect on strategies.
   */
  inheritAppConfig?: boolean;
  /** Log every message as `debug` of `PyroWire`; see {@link PyroWireLog}. Default: what `PYRO_LOGWIRE` asks for, or false. */
  wireLog?: PyroWireLog;
  /**
   * Level at which a failed call is logged; `false`: not at all. Default, and where the function returns undefined: `debug` for errors that
   * are meant for the client, and `error` for all others, with their stack.
   */
  failureLevel?: PyroFailureLevel;
  /** Logs each call when it has ended, as a `log` line of `PyroAccess`. True: every call. See {@link AccessLogOptions}. Default false. */
  accessLog?: boolean | AccessLogOptions;
  /**
   * Serves the object `Pyro.Inspector`, by which `nestjs-pyro watch` and `nestjs-pyro inspect` read who is connected and what is called.
   * True: for clients on this machine. With guards: for clients that these handshake guards authorize. Default false.
   */
  inspector?: boolean | { guards: HandshakeGuard[] };
  /** Longest time that a shutdown waits for running calls and their replies. Default 10,000. */
  drainTimeoutMs?: number;
}

const { validateHandshake: _validate, logger: _logger, ...DAEMON_RULES } = PYRO_DAEMON_RULES;

/** The rules of the options of a server. */
export const SERVER_RULES: OptionRules<PyroServerOptions> = {
  ...DAEMON_RULES,
  name: FULL_TEXT,
  naming: NAMING,
  nameServer: NAME_SERVER,
  handshakeGuards: GUARDS,
  inheritAppConfig: SWITCH,
  wireLog: WIRE_LOG,
  failureLevel: FUNCTION,
  inspector: anyOf(SWITCH, objectRule<{ guards: HandshakeGuard[] }>('{ guards }', { guards: GUARDS })),
  drainTimeoutMs: milliseconds(),
};
