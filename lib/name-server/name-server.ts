import { EventEmitter } from 'node:events';
import { Server } from 'node:net';
import { TRUSTED_NETWORK_REMEDY } from '../daemon/options/open-address.js';
import { environmentConfig } from '../options/environment.js';
import { millisecondsOf } from '../options/config-items.js';
import {
  anyOf,
  checkOptions,
  configError,
  FULL_TEXT,
  givenOptions,
  HOST,
  milliseconds,
  numberRules,
  objectRule,
  type OptionRules,
  PORT,
  SWITCH,
  withMethods,
} from '../options/option-checks.js';
import { DEFAULT_NAME_SERVER_PORT, NAME_SERVER_OBJECT_ID } from '../protocol/constants.js';
import { isLoopbackAddress } from '../protocol/location.js';
import { limitOf } from '../protocol/over-limit.js';
import type { PyroUri } from '../protocol/uri.js';
import { PyroDaemon } from '../pyro/pyro-daemon.js';
import { PYRO_DAEMON_RULES, type PyroDaemonOptions } from '../pyro/pyro-daemon-options.js';
import { followListeners } from '../reports/failed-listeners.js';
import { printableMessage } from '../reports/printable.js';
import { warn, warnIfItFails, warnOfError } from '../reports/warning.js';
import { AutoCleaner } from './auto-cleaner.js';
import { BroadcastResponder, type BroadcastResponderAddress } from './broadcast-responder.js';
import { type NamePolicy, NameRules, POLICY_RULES } from './names/name-policy.js';
import { DEFAULT_NAME_LIMITS, type NameLimits } from './names/name-rules.js';
import { NameServer } from './name-server-object.js';
import { StoreWithOwnName } from './own-name.js';
import type { NameStore } from './store/name-store.js';
import { openNameStore } from './open-name-store.js';

/** Options of a name server and of its daemon. Times are milliseconds; 0 switches a time off. */
export interface PyroNameServerOptions extends PyroDaemonOptions {
  /** Port to listen on. Default: the environment's `PYRO_NS_PORT`, or 9090. 0: the system chooses a free port. */
  port?: number;
  /**
   * Store of the registrations: `memory`, `file:PATH`, `sql:PATH` (SQLite), `redis://HOST:PORT` or `rediss://…`, or a store object, which
   * the application closes. Default `memory`.
   */
  storage?: string | NameStore;
  /**
   * Answers UDP broadcasts that ask for a name server. Default false: everybody in the network would learn of the name server, and a
   * program that asks by broadcast trusts the first answer.
   */
  broadcast?: boolean | BroadcastResponderAddress;
  /**
   * Pause between two rounds that look for names whose servers cannot be reached. A name is removed when its server was unreachable for 20
   * s. At least 3,000, or 0: no rounds. Default: the environment's `PYRO_NS_AUTOCLEAN`, or 0. Names with a lease are removed when their
   * lease ends.
   */
  autocleanMs?: number;
  /** Rules that decide who may change and list names. Default: everybody, as in Pyro5. */
  policy?: NamePolicy;
  /** Limits of names, tags, watches and leases. */
  limits?: Partial<NameLimits>;
}

/** Events of a name server. */
export interface PyroNameServerEvents {
  /** A name was removed because its server could not be reached any more. */
  cleaned: [name: string, uri: string];
  /** The store failed outside of a call. */
  error: [error: unknown];
}

const MIN_AUTOCLEAN_MS = 3_000;
const AUTOCLEAN_MS = anyOf({ takes: '0', fits: (value) => value === 0 }, milliseconds({ least: MIN_AUTOCLEAN_MS }));
/** The tags of Python's name server, for PYROMETA lookups. */
const OWN_TAGS: ReadonlySet<string> = new Set(['class:Pyro5.nameserver.NameServer']);

/**
 * A name server: the object `Pyro.NameServer`, and its daemon. Python programs find it as they find `pyro5-ns`.
 *
 * ```ts
 * await using nameServer = await startNameServer({ host: '192.168.1.5' });
 * ```
 *
 * @see Pyro5/nameserver.py, `NameServerDaemon`
 */
export class PyroNameServer extends EventEmitter<PyroNameServerEvents> implements AsyncDisposable {
  /** How often each limit of names has refused a call. */
  readonly counters: Readonly<Record<keyof NameLimits, number>>;
  private readonly closing = new AbortController();
  private closed: Promise<void> | undefined;

  private constructor(
    /** The daemon that serves the name server. */
    readonly daemon: PyroDaemon,
    private store: NameStore,
    private readonly ownsStore: boolean,
  ) {
    super({ captureRejections: true });
    followListeners(this, warnOfError);
    const counters = Object.fromEntries(Object.keys(DEFAULT_NAME_LIMITS).map((name) => [name, 0])) as Record<
      keyof NameLimits,
      number
    >;
    this.counters = counters;
    daemon.on('callFailed', (error) => {
      const limit = limitOf(error);
      if (limit !== undefined && Object.hasOwn(counters, limit)) counters[limit as keyof NameLimits]++;
    });
    // the daemon alone may be closed, or a daemon that combined it
    daemon.once('close', () => {
      if (this.closed === undefined) this.close().catch((error: unknown) => this.report(error));
    });
  }

  /**
   * Starts a name server.
   *
   * @throws {PyroError} `CONFIG`, when an option is wrong, or an address or the store cannot be used
   */
  static async start(options: PyroNameServerOptions = {}): Promise<PyroNameServer> {
    checkOptions(options, NAME_SERVER_RULES);
    const { storage = 'memory', broadcast = false, policy, limits, autocleanMs, ...daemonOptions } = options;
    const allLimits = { ...DEFAULT_NAME_LIMITS, ...(limits && givenOptions(limits)) };
    const cleanMs = autocleanMs ?? environmentAutocleanMs();
    const rules = new NameRules(policy);
    const port = daemonOptions.port ?? environmentConfig().NS_PORT ?? DEFAULT_NAME_SERVER_PORT;
    const daemon = new PyroDaemon({ ...daemonOptions, ...(daemonOptions.unixSocket === undefined && { port }) });
    const store = typeof storage === 'string' ? await openNameStore(storage) : storage;
    const server = new PyroNameServer(daemon, store, typeof storage === 'string');
    warnOnceOfOpenAddress(daemon, rules);
    try {
      await server.open((own) => new NameServer(own, allLimits, rules, server.closing.signal), broadcast, cleanMs);
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** URI by which clients reach the name server. */
  get uri(): PyroUri {
    return this.daemon.uriFor(NAME_SERVER_OBJECT_ID);
  }

  /** The address behind NAT, in the name server's own network; without NAT the same as {@link uri}. */
  get innerUri(): PyroUri {
    return this.daemon.uriFor(NAME_SERVER_OBJECT_ID, false);
  }

  /** @internal The IP address that the name server listens on, of a host name, too; undefined for a unix socket. */
  get boundAddress(): string | undefined {
    const { sock } = this.daemon;
    const address = sock instanceof Server ? sock.address() : null;
    return typeof address === 'object' ? address?.address : undefined;
  }

  /** Number of registered names, the name server's own included. */
  async count(): Promise<number> {
    return this.store.count();
  }

  /** Bytes of all registrations together, as `limits.maxStoredBytes` counts them. The name server's own is left out. */
  async storedBytes(): Promise<number> {
    return this.store.bytes();
  }

  /** `host:port` of the UDP socket that answers broadcasts; undefined without. */
  get broadcastLocation(): string | undefined {
    return this.responder?.location;
  }

  /** Lets running calls end, then closes daemon and store. A second call waits for the first. Closing the daemon ends the name server, too. */
  close(): Promise<void> {
    this.daemon.joinEnd();
    return (this.closed ??= this.end());
  }

  /** Calls {@link close}, at the end of the block of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private responder: BroadcastResponder | undefined;
  private cleaner: AutoCleaner | undefined;

  private async open(
    makeObject: (store: NameStore) => NameServer,
    broadcast: boolean | BroadcastResponderAddress,
    autocleanMs: number,
  ): Promise<void> {
    const { daemon } = this;
    await daemon.start();
    const own = { name: NAME_SERVER_OBJECT_ID, uri: this.uri.toString(), metadata: OWN_TAGS, lease: undefined };
    this.store = new StoreWithOwnName(this.store, own);
    daemon.register(makeObject(this.store), NAME_SERVER_OBJECT_ID);
    if (broadcast !== false) {
      const inner = this.innerUri;
      const address = this.boundAddress;
      if (address === undefined || isLoopbackAddress(address)) {
        throw configError(
          `broadcast is of no use at ${inner.location}: nobody else can reach it; give host, for example 0.0.0.0`,
        );
      }
      this.responder = await BroadcastResponder.start(inner, broadcast === true ? {} : broadcast);
    }
    if (autocleanMs > 0) this.cleaner = this.startCleaner(autocleanMs);
  }

  private startCleaner(intervalMs: number): AutoCleaner {
    const onCleaned = (name: string, uri: string): void => warnIfItFails(() => this.emit('cleaned', name, uri));
    return new AutoCleaner(this.store, { intervalMs }, onCleaned, (error) => this.report(error));
  }

  private report(error: unknown): void {
    if (this.listenerCount('error') > 0) warnIfItFails(() => this.emit('error', error));
    else warn(`the store of the name server failed: ${printableMessage(error)}`);
  }

  private async end(): Promise<void> {
    this.closing.abort();
    this.responder?.close();
    await Promise.all([this.cleaner?.stop(), this.daemon.shutdown()]);
    if (this.ownsStore) await this.store.close();
  }
}

const STORE_METHODS = [
  'get',
  'put',
  'setMetadata',
  'remove',
  'removeUnchanged',
  'renew',
  'list',
  'count',
  'bytes',
  'watch',
  'close',
];

/** The rules of the options of a name server. */
export const NAME_SERVER_RULES: OptionRules<PyroNameServerOptions> = {
  ...PYRO_DAEMON_RULES,
  storage: anyOf(FULL_TEXT, withMethods('a NameStore', ...STORE_METHODS)),
  broadcast: anyOf(SWITCH, objectRule<BroadcastResponderAddress>('an object with host and port', { host: HOST, port: PORT })),
  autocleanMs: AUTOCLEAN_MS,
  policy: objectRule('an object with rules', POLICY_RULES),
  limits: objectRule('an object with limits', numberRules(DEFAULT_NAME_LIMITS, { maxRenewedNames: { least: 1_000 } })),
};

/** Starts a name server, see {@link PyroNameServer}. @throws {PyroError} `CONFIG`, as {@link PyroNameServer.start} */
export function startNameServer(options: PyroNameServerOptions = {}): Promise<PyroNameServer> {
  return PyroNameServer.start(options);
}

/** The pause between rounds of autoclean that the environment sets. Default 0. @throws {PyroError} `CONFIG`, when the pause is too short */
function environmentAutocleanMs(): number {
  const seconds = environmentConfig().NS_AUTOCLEAN;
  const pauseMs = millisecondsOf(seconds) ?? 0;
  if (AUTOCLEAN_MS.fits(pauseMs)) return pauseMs;
  throw configError(
    `environment variable PYRO_NS_AUTOCLEAN=${seconds}: it must be 0, or seconds from ${MIN_AUTOCLEAN_MS / 1_000} on`,
  );
}

/** Replaces the daemon's warning that anybody may call it by a warning that names the policy, too. */
function warnOnceOfOpenAddress(daemon: PyroDaemon, rules: NameRules): void {
  daemon.on('warning', (text, code) => {
    if (code !== 'PYRO_OPEN_ADDRESS') warn(text, code);
    else if (rules.isOpen) warn(openNameServerText(daemon.locationStr), 'PYRO_OPEN_NAME_SERVER');
  });
}

function openNameServerText(location: string): string {
  return (
    `whoever reaches the name server at ${location} may look up, register and remove names: it has neither TLS nor guards nor a policy. ` +
    `policy: { register: 'loopback', remove: 'loopback', setMetadata: 'loopback' } (npx nestjs-pyro ns --write loopback) lets only programs ` +
    `of this machine change names; tls and guards (validateHandshake, handshakeGuards of PyroNameServerModule) decide who may connect; ` +
    TRUSTED_NETWORK_REMEDY
  );
}
