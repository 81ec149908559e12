import { constants } from 'node:os';
import { inspect } from 'node:util';
import type { BaseDaemon } from '../daemon/base-daemon.js';
import { DEADLINE, DEFAULT_DRAIN_MS } from '../daemon/lifecycle.js';
import {
  checkArgument,
  checkOptions,
  configError,
  listOf,
  oneOf,
  type OptionRule,
  type OptionRules,
  SWITCH,
  withMethods,
} from '../options/option-checks.js';
import type { PyroUri } from '../protocol/uri.js';
import { lineWriter } from '../reports/standard-output.js';
import { warn } from '../reports/warning.js';
import { DaemonNames, type DaemonNamesOptions, NAME_SERVER } from './daemon-names.js';
import { PYRO_DAEMON_RULES, type PyroDaemonOptions } from './pyro-daemon-options.js';

/** Objects and classes by name, or names by object or class. In a map, objects may have no name. */
export type ObjectsToServe = Readonly<Record<string, object>> | ReadonlyMap<object, string | null | undefined>;

/** Options of `serve`, and of the daemon that it makes. */
export interface ServeOptions extends PyroDaemonOptions {
  /** Daemon to serve with. It is started if it does not listen yet, and closed at the end. Default: a new daemon. */
  daemon?: BaseDaemon;
  /** Registers the names at a name server, or at each of a list; `true`: at the address in the environment, or `localhost:9090`. Default false: the names are object ids. */
  nameServer?: boolean | DaemonNamesOptions | readonly DaemonNamesOptions[];
  /** Prints the URIs. Default true. */
  verbose?: boolean;
  /** Signals that end serving. Default `SIGINT` and `SIGTERM`. */
  signals?: readonly NodeJS.Signals[];
}

const SIGNALS = listOf(oneOf(...Object.keys(constants.signals)), 'a list of signals, for example ["SIGINT"]');

const RULES: OptionRules<ServeOptions> = {
  ...PYRO_DAEMON_RULES,
  daemon: withMethods('a PyroDaemon', 'register', 'start'),
  nameServer: NAME_SERVER,
  verbose: SWITCH,
  signals: SIGNALS,
};

/** Takes the objects to serve. The members of an instance of a class would be served in place of the instance. */
const OBJECTS: OptionRule = {
  takes: "a Map, or an object of names to objects and classes: { 'lab.lamp': new Lamp() }",
  // a module, `import * as objects`, has no prototype
  fits: (value) =>
    typeof value === 'object' &&
    value !== null &&
    (value instanceof Map || [null, Object.prototype].includes(Object.getPrototypeOf(value) as object | null)),
};

const DEFAULT_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/** Objects that are served until a signal arrives, or until this object or the daemon is closed. */
export class ServedObjects implements AsyncDisposable {
  /** Resolves when the daemon has closed. */
  readonly closed: Promise<void>;
  private ending: Promise<void> | undefined;

  private constructor(
    /** The daemon that serves the objects. */
    readonly daemon: BaseDaemon,
    /** URIs by the objects and classes that were given. */
    readonly uris: ReadonlyMap<object, PyroUri>,
    private readonly names: DaemonNames | undefined,
    signals: readonly NodeJS.Signals[],
  ) {
    // a second signal finds no listener, and ends the process at once
    const onSignal = (): void => void this.close();
    for (const signal of signals) process.once(signal, onSignal);
    this.closed = new Promise((resolve) => {
      daemon.once('close', () => {
        for (const signal of signals) process.off(signal, onSignal);
        resolve();
      });
    });
  }

  /** @internal see `serve` */
  static async start(
    makeDaemon: (options: PyroDaemonOptions) => BaseDaemon,
    objects: ObjectsToServe,
    options: ServeOptions,
  ): Promise<ServedObjects> {
    checkArgument('serve: the first argument', objects, OBJECTS);
    checkOptions(options, RULES);
    const { daemon: given, nameServer = false, verbose = true, signals = DEFAULT_SIGNALS, ...daemonOptions } = options;
    const [excluded] = Object.entries(daemonOptions).filter(([, value]) => value !== undefined);
    if (given && excluded) throw configError(`serve: ${excluded[0]} is an option of a new daemon; it does not go with daemon`);
    const daemon = given ?? makeDaemon(daemonOptions);
    try {
      if (!daemon.isListening) await daemon.start();
      const names = nameServer === false ? undefined : new DaemonNames(daemon, nameServer);
      const uris = new Map<object, PyroUri>();
      // from now on a signal, and the end of the daemon, are noticed: a name server may take seconds to answer
      const served = new ServedObjects(daemon, uris, names, signals);
      for (const [object, name] of namesByObject(objects)) {
        const uri = daemon.register(object, names ? undefined : name);
        if (name !== undefined) names?.add(uri.object, name);
        uris.set(object, uri);
        if (verbose) print(`Object ${inspect(object, { depth: -1 })}:`, `    uri = ${uri}`);
        if (verbose && names && name !== undefined) print(`    name = ${name}`);
      }
      if (names) await startNames(names);
      if (verbose && daemon.isListening) print('Pyro daemon running.');
      return served;
    } catch (error) {
      await daemon.close();
      throw error;
    }
  }

  /**
   * Removes the names, lets running calls finish, then closes the daemon. A second call waits for the first.
   *
   * @param deadlineMs longest wait for the name server, and again for the calls. Default 10,000
   */
  async close(deadlineMs = DEFAULT_DRAIN_MS): Promise<void> {
    checkArgument('close: deadlineMs', deadlineMs, DEADLINE);
    this.daemon.joinEnd();
    await (this.ending ??= this.end(deadlineMs));
  }

  /** The same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async end(deadlineMs: number): Promise<void> {
    await this.names?.stop(deadlineMs);
    await this.daemon.shutdown(deadlineMs);
  }
}

function* namesByObject(objects: ObjectsToServe): Iterable<[object, string | undefined]> {
  if (!(objects instanceof Map)) {
    for (const [name, object] of Object.entries(objects as Record<string, object>)) yield [object, name];
    return;
  }
  // an empty string means no name, as in Python
  for (const [object, name] of objects as Map<object, string | null | undefined>) yield [object, name || undefined];
}

/** Problems with the name server become warnings: the registrar tries again. */
async function startNames(names: DaemonNames): Promise<void> {
  names.registrar.on('unavailable', (error) => warn(`${error.message}; it is tried again`));
  names.registrar.on('taken', (name, uri) =>
    warn(`the name "${name}" was given to ${uri}; it is left there until it is free again`),
  );
  await names.start();
}

function print(...lines: string[]): void {
  lineWriter(process.stdout)(lines.join('\n'));
}
