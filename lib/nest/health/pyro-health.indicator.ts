import { Injectable } from '@nestjs/common';
import { TimeoutError } from '../../protocol/errors.js';
import { ANYTHING, checkOptions, milliseconds, type OptionRules } from '../../options/option-checks.js';
import { asError } from '../../protocol/safe-text.js';
import type { PyroUri } from '../../protocol/uri.js';
import { ClientRegistry, MODULE_RULES, type PyroModuleOptions } from '../client/client-registry.js';
import { PyroServers } from '../server/pyro-servers.js';
import type { PyroServer } from '../server/pyro-server.js';

/** The thing to check: a server of this application, or a remote object. */
export type PyroHealthOptions = PyroServerHealthOptions | PyroObjectHealthOptions;

/** Options of the check of a server. */
export interface PyroServerHealthOptions {
  /** The server or its name. Default: the only server of the application. */
  server?: PyroServer | string;
}

/** Options of the check of a remote object. They win over the options of `PyroModule.forRoot`. */
export interface PyroObjectHealthOptions extends PyroModuleOptions {
  /** The object: `PYRO:`, `PYRONAME:` or `PYROMETA:`. */
  uri: PyroUri | string;
  /** Longest time for name lookup, connecting and handshake together. Default 1,000. */
  timeoutMs?: number;
}

/** The result of a check, as Terminus takes it. */
export type PyroHealthResult<Key extends string = string> = Record<Key, { status: 'up' | 'down'; [detail: string]: unknown }>;

const SERVER_RULES: OptionRules<PyroServerHealthOptions> = { server: ANYTHING };

const OBJECT_RULES: OptionRules<PyroObjectHealthOptions> = {
  ...MODULE_RULES,
  uri: ANYTHING,
  timeoutMs: milliseconds({ least: 1 }),
};

const DEFAULT_TIMEOUT_MS = 1_000;

/**
 * Health of servers and remote objects, for `@nestjs/terminus`:
 *
 * ```ts
 * this.health.check([
 *   () => this.pyro.isHealthy('server', { server: 'lab' }),
 *   () => this.pyro.isHealthy('camera', { uri: 'PYRONAME:lab.camera' }),
 * ]);
 * ```
 */
@Injectable()
export class PyroHealthIndicator {
  /** @internal Nest makes it */
  constructor(
    private readonly servers: PyroServers,
    private readonly clients: ClientRegistry,
  ) {}

  /**
   * Checks whether a server accepts calls, or whether a remote object accepts a connection. For a remote object the check opens a
   * connection, with its handshake, and closes it. Never throws: a failure is the `message` of the result.
   *
   * @param key name of the result
   */
  async isHealthy<const Key extends string>(key: Key, options: PyroHealthOptions = {}): Promise<PyroHealthResult<Key>> {
    let detail: PyroHealthResult[string];
    try {
      detail = { status: 'up', ...('uri' in options ? await this.checkObject(options) : this.checkServer(options)) };
    } catch (error) {
      detail = { status: 'down', message: asError(error).message };
    }
    return { [key]: detail } as PyroHealthResult<Key>;
  }

  private checkServer(options: PyroServerHealthOptions): Record<string, unknown> {
    checkOptions(options, SERVER_RULES);
    const { server } = options;
    const checked = typeof server === 'object' ? server : this.servers.get(server);
    if (!checked.isListening) throw new Error('the server does not listen');
    const { locationStr, connections, objectCount } = checked.unwrap();
    return { location: locationStr, connections: connections.length, objects: objectCount - 1 };
  }

  private async checkObject(given: PyroObjectHealthOptions): Promise<Record<string, unknown>> {
    checkOptions(given, OBJECT_RULES);
    const { uri, timeoutMs = DEFAULT_TIMEOUT_MS, ...options } = given;
    const late = new TimeoutError(`${String(uri)} did not answer within timeoutMs (${timeoutMs} ms)`);
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(late), timeoutMs);
    const proxy = this.clients.make(uri, { maxRetries: 0, ...options, signal: controller.signal });
    const begin = performance.now();
    try {
      await proxy.$connect();
    } finally {
      clearTimeout(timer);
      await proxy.$release();
    }
    return { uri: String(proxy.$uri), responseTime: Math.round(performance.now() - begin) };
  }
}
