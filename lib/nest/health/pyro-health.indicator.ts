import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { HANDLE } from '../../client/proxy/proxy-traps.js';
import { isRemoteObject } from '../../client/proxy/remote-proxy.js';
import { locateUntil, nameServersOf } from '../../naming/locate.js';
import { PyroError } from '../../protocol/errors.js';
import { configError } from '../../options/option-checks.js';
import { asError } from '../../protocol/texts/safe-text.js';
import { ClientRegistry } from '../client/client-registry.js';
import type { PyroServer } from '../server/pyro-server.js';
import { PyroServers } from '../server/pyro-servers.js';
import { HealthDeadline } from './health-deadline.js';
import {
  checkHealthOptions,
  type PyroHealthOptions,
  type PyroInjectedHealthOptions,
  type PyroNameServerHealthOptions,
  type PyroObjectHealthOptions,
  type PyroServerHealthOptions,
} from './health-options.js';
import { PoolPings } from './pool-pings.js';

/** The result of a check, as Terminus takes it. */
export type PyroHealthResult<Key extends string = string> = Record<
  Key,
  {
    /** `up`: the check passed. `down`: it failed, and Terminus answers with 503. */
    status: 'up' | 'down';
    /** Figures of the check; `message` is the text of an error. */
    [detail: string]: unknown;
  }
>;

type Details = Record<string, unknown>;

const DEFAULT_TIMEOUT_MS = 1_000;
/** Most missing names in the result of a check. */
const MAX_MISSING_NAMES = 100;

/**
 * Health of servers, remote objects and name servers, for `@nestjs/terminus`:
 *
 * ```ts
 * this.health.check([
 *   () => this.pyro.isHealthy('server', { server: 'lab' }),
 *   () => this.pyro.isHealthy('camera', { object: CAMERA }),
 *   () => this.pyro.isHealthy('mount', { uri: 'PYRONAME:lab.mount', optional: true }),
 *   () => this.pyro.isHealthy('names', { nameServer: true }),
 * ]);
 * ```
 */
@Injectable()
export class PyroHealthIndicator {
  private readonly pings = new PoolPings();

  /** @internal Nest makes it */
  constructor(
    private readonly servers: PyroServers,
    private readonly clients: ClientRegistry,
    private readonly modules: ModuleRef,
  ) {}

  /**
   * Checks whether a server accepts calls, a remote object accepts a connection, an injected remote object answers, or a name server
   * answers. Never throws: a failure is the `message` of the result.
   *
   * The check of an object fails with the first attempt to connect, or to look up its name, that fails: `maxRetries` and `waitMs` of the
   * client do not count. For a `uri` the check opens a connection, with its handshake, and closes it. An injected object is asked over a connection of its pool,
   * which stays open if the answer is late. If calls use all connections, the result says so (`busy`), and nothing is asked. The result has `degraded: true` when something is up
   * but needs attention. This is so for a failed check that is `optional`, and for an injected object for whose connections calls wait. A
   * server is degraded when it has used nine tenths of a limit (`nearLimits`) or lacks a name at its name server (`missingNames`).
   *
   * @param key name of the result
   */
  async isHealthy<const Key extends string>(key: Key, options: PyroHealthOptions = {}): Promise<PyroHealthResult<Key>> {
    let detail: PyroHealthResult[string];
    let isOptional = false;
    try {
      checkHealthOptions(options);
      isOptional = options.optional === true;
      detail = { status: 'up', ...(await this.check(options)) };
    } catch (error) {
      const { message } = asError(error);
      detail = isOptional && !isMistake(error) ? { status: 'up', degraded: true, message } : { status: 'down', message };
    }
    return { [key]: detail } as PyroHealthResult<Key>;
  }

  private check(options: PyroHealthOptions): Details | Promise<Details> {
    if ('uri' in options) return this.checkObject(options);
    if ('object' in options) return this.checkInjected(options);
    if ('nameServer' in options) return this.checkNameServer(options);
    return this.checkServer(options);
  }

  private checkServer({ server }: PyroServerHealthOptions): Details {
    const checked = typeof server === 'object' ? server : this.serverNamed(server);
    if (!checked.isListening) throw new Error('the server does not listen');
    if (checked.isEnding) throw new Error('the server shuts down');
    const { locationStr, connections, objectCount } = checked.unwrap();
    const { limits, names } = checked.inspect({ maxListed: MAX_MISSING_NAMES });
    const nearLimits = limits.filter(({ isNear }) => isNear).map(({ name }) => name);
    const missingNames = names.filter(({ state }) => state !== 'registered').map(({ name }) => name);
    return {
      location: locationStr,
      connections: connections.length,
      objects: objectCount - 1,
      ...(nearLimits.length + missingNames.length > 0 && { degraded: true }),
      ...(nearLimits.length > 0 && { nearLimits }),
      ...(missingNames.length > 0 && { missingNames }),
    };
  }

  /** @throws {PyroError} `CONFIG` when there is no such server, or when there are several */
  private serverNamed(name: string | undefined): PyroServer {
    try {
      return this.servers.get(name);
    } catch (error) {
      const cause = asError(error);
      throw configError(cause.message, cause);
    }
  }

  private async checkObject(given: PyroObjectHealthOptions): Promise<Details> {
    const { uri, timeoutMs = DEFAULT_TIMEOUT_MS, optional: _, ...options } = given;
    const begin = performance.now();
    const asksOnce = options.maxRetries === undefined && options.nameServer === undefined;
    await using proxy = this.clients.make(uri, { maxRetries: 0, ...options });
    await proxy[HANDLE].core.connect(new HealthDeadline(String(uri), { timeoutMs, asksOnce }));
    return { uri: String(proxy.$uri), responseTime: elapsed(begin) };
  }

  private async checkInjected({ object, timeoutMs = DEFAULT_TIMEOUT_MS }: PyroInjectedHealthOptions): Promise<Details> {
    const remote = isRemoteObject(object) ? object : this.modules.get<unknown>(object, { strict: false });
    if (!isRemoteObject(remote)) {
      throw configError(`object: ${String(object)} is no remote object; PyroModule.forFeature provides such objects`);
    }
    const begin = performance.now();
    await this.pings.ping(remote, timeoutMs);
    const use = remote.$pool;
    return {
      uri: String(remote.$uri),
      responseTime: elapsed(begin),
      ...use,
      ...(use.waiting > 0 && { degraded: true }),
    };
  }

  private async checkNameServer({ nameServer, timeoutMs = DEFAULT_TIMEOUT_MS }: PyroNameServerHealthOptions): Promise<Details> {
    const addresses = nameServer === true ? this.clients.nameServers : [nameServer].flat();
    const asked = addresses.map((address) => ({ ...address, waitMs: 0 }));
    const locations = nameServersOf(asked).map(({ location }) => location);
    const begin = performance.now();
    return within(timeoutMs, `the name server at ${locations.join(', ')}`, async (signal) => {
      await using names = await locateUntil(asked, signal);
      await names.ping();
      return { uri: String(names.uri), responseTime: elapsed(begin) };
    });
  }
}

/** True for wrong options. They are a mistake of the program, so the check is down, optional or not. */
function isMistake(error: unknown): boolean {
  return error instanceof PyroError && (error.code === 'CONFIG' || error.code === 'BAD_URI');
}

/** @throws {TimeoutError} when the check takes longer than `timeoutMs`. @param what the thing that is asked */
async function within<T>(timeoutMs: number, what: string, check: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const deadline = new HealthDeadline(what, { timeoutMs, asksOnce: false });
  deadline.begin();
  deadline.watch({ drop: (error) => late.abort(error) });
  try {
    return await check(late.signal);
  } catch (failure) {
    // the lookup of a name wraps the error
    throw deadline.failure ?? failure;
  } finally {
    deadline.end();
  }
}

function elapsed(begin: number): number {
  return Math.round(performance.now() - begin);
}
