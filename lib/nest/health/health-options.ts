import type { InjectionToken } from '@nestjs/common';
import {
  ANYTHING,
  anyOf,
  checkArgument,
  checkIsObject,
  checkOptions,
  FULL_TEXT,
  milliseconds,
  type OptionRule,
  type OptionRules,
  SWITCH,
} from '../../options/option-checks.js';
import { NAME_SERVERS } from '../../client/options/name-resolver.js';
import { isRemoteObject, type RemoteProxy } from '../../client/proxy/remote-proxy.js';
import type { NameServerOptions } from '../../naming/locate.js';
import type { PyroUri } from '../../protocol/uri.js';
import { MODULE_RULES, type PyroModuleOptions } from '../client/client-registry.js';
import type { PyroServer } from '../server/pyro-server.js';
import { isPyroServer } from '../server/pyro-servers.js';

/** The thing to check: a server of this application, a remote object by its URI or as it is injected, or a name server. */
export type PyroHealthOptions =
  PyroServerHealthOptions | PyroObjectHealthOptions | PyroInjectedHealthOptions | PyroNameServerHealthOptions;

/** Options of every check. */
export interface PyroCheckOptions {
  /**
   * True: the application works without this dependency. A failure is told as `{ status: 'up', degraded: true, message }`: the check as a
   * whole stays up, and the pod alive. Default false.
   */
  optional?: boolean;
}

/** Options of the check of a server. */
export interface PyroServerHealthOptions extends PyroCheckOptions {
  /** The server or its name. Default: the only server of the application. */
  server?: PyroServer | string;
}

/**
 * Options of the check of a remote object by its URI. They win over the options of `PyroModule.forRoot`. With `maxRetries` or `nameServer`
 * here, the check makes their further attempts within `timeoutMs`; otherwise it asks once.
 */
export interface PyroObjectHealthOptions extends PyroModuleOptions, PyroCheckOptions {
  /** The object: `PYRO:`, `PYRONAME:` or `PYROMETA:`. */
  uri: PyroUri | string;
  /** Longest time for name lookup, connecting and handshake together. Default 1,000. */
  timeoutMs?: number;
}

/** Options of the check of an injected remote object, over the connections that its calls use. */
export interface PyroInjectedHealthOptions extends PyroCheckOptions {
  /** The token of the object in `PyroModule.forFeature`, or the object itself. */
  object: InjectionToken | RemoteProxy;
  /** Longest time to connect, if there is no connection, and for an answer. Default 1,000. */
  timeoutMs?: number;
}

/** Options of the check of a name server. */
export interface PyroNameServerHealthOptions extends PyroCheckOptions {
  /** The name server; `true`: the name server of `PyroModule.forRoot`. A list: at least one of the name servers has to answer. */
  nameServer: true | NameServerOptions | readonly NameServerOptions[];
  /** Longest time to connect, and for an answer. Default 1,000. */
  timeoutMs?: number;
}

const SERVER: OptionRule = { takes: 'a PyroServer', fits: isPyroServer };
const SERVER_RULES: OptionRules<PyroServerHealthOptions> = { optional: SWITCH, server: anyOf(SERVER, FULL_TEXT) };

const OBJECT: OptionRule = {
  takes: 'a token of PyroModule.forFeature, or a remote object',
  fits: (value) => isRemoteObject(value) || typeof value === 'symbol' || typeof value === 'function' || FULL_TEXT.fits(value),
};
const GIVEN: OptionRule = { takes: 'given, or left out', fits: (value) => value !== undefined };

const OBJECT_RULES: OptionRules<PyroObjectHealthOptions> = {
  ...MODULE_RULES,
  optional: SWITCH,
  uri: ANYTHING,
  timeoutMs: milliseconds({ least: 1 }),
};

const INJECTED_RULES: OptionRules<PyroInjectedHealthOptions> = {
  optional: SWITCH,
  object: OBJECT,
  timeoutMs: milliseconds({ least: 1 }),
};

const TRUE: OptionRule = { takes: 'true', fits: (value) => value === true };

const NAME_SERVER_RULES: OptionRules<PyroNameServerHealthOptions> = {
  optional: SWITCH,
  nameServer: anyOf(TRUE, NAME_SERVERS),
  timeoutMs: milliseconds({ least: 1 }),
};

/** @throws {PyroError} `CONFIG`, when an option is wrong */
export function checkHealthOptions(options: PyroHealthOptions): void {
  checkIsObject(options, 'isHealthy: ');
  // an undefined token of a circular import would be a check of something else
  for (const name of ['uri', 'object', 'nameServer'] as const)
    if (name in options) checkArgument(name, (options as Record<typeof name, unknown>)[name], GIVEN);
  if ('uri' in options) checkOptions(options, OBJECT_RULES);
  else if ('object' in options) checkOptions(options, INJECTED_RULES);
  else if ('nameServer' in options) checkOptions(options, NAME_SERVER_RULES);
  else checkOptions(options, SERVER_RULES);
}
