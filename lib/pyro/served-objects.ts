import { inspect } from 'node:util';
import type { BaseDaemon } from '../daemon/daemon.js';
import { PyroError } from '../protocol/errors.js';
import type { PyroUri } from '../protocol/uri.js';
import { DaemonNames, type RegistrationOptions } from './daemon-names.js';
import type { PyroDaemonOptions } from './pyro-daemon.js';

/** Objects and classes by their names, or (some may have none) their names by object. */
export type ObjectsToServe = Readonly<Record<string, object>> | ReadonlyMap<object, string | null | undefined>;

/** How objects are served; the options of the daemon among them. */
export interface ServeOptions extends PyroDaemonOptions {
  /** Serve with this daemon, which is started if need be and closed at the end. Default: a new one. */
  daemon?: BaseDaemon;
  /** Register the names at a name server; `true`: where the environment says, or `localhost:9090`. Default false: they are object ids. */
  nameServer?: boolean | RegistrationOptions;
  /** Print the URIs. Default true. */
  verbose?: boolean;
  /** Signals that end it. Default `SIGINT` and `SIGTERM`. */
  signals?: readonly NodeJS.Signals[];
}

const DEFAULT_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];

/** Objects that are being served, until a signal comes or somebody closes them or their daemon. */
export class ServedObjects implements AsyncDisposable {
  /** Resolves when all has ended. */
  readonly closed: Promise<void>;
  private ending: Promise<void> | undefined;

  private constructor(
    readonly daemon: BaseDaemon,
    /** By the objects and classes as they were given. */
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
    { daemon: given, nameServer = false, verbose = true, signals = DEFAULT_SIGNALS, ...daemonOptions }: ServeOptions,
  ): Promise<ServedObjects> {
    const [excluded] = Object.entries(daemonOptions).filter(([, value]) => value !== undefined);
    if (given && excluded)
      throw new PyroError(`serve: ${excluded[0]} is an option of a new daemon; it does not go with daemon`, { code: 'CONFIG' });
    const daemon = given ?? makeDaemon(daemonOptions);
    try {
      if (!daemon.isListening) await daemon.start();
      const names = nameServer === false ? undefined : new DaemonNames(daemon, nameServer);
      const uris = new Map<object, PyroUri>();
      for (const [object, name] of namesByObject(objects)) {
        const uri = daemon.register(object, names ? undefined : name);
        if (name !== undefined) names?.add(uri.object, name);
        uris.set(object, uri);
        if (verbose) print(`Object ${inspect(object, { depth: -1 })}:`, `    uri = ${uri}`);
        if (verbose && names && name !== undefined) print(`    name = ${name}`);
      }
      if (names) await startNames(names);
      if (verbose) print('Pyro daemon running.');
      return new ServedObjects(daemon, uris, names, signals);
    } catch (error) {
      await daemon.close();
      throw error;
    }
  }

  /**
   * Takes the names off, lets running calls finish, then closes the daemon. A second call waits for the first.
   *
   * @param deadlineMs most that name server and calls are waited for, each. Default 10,000
   */
  close(deadlineMs = 10_000): Promise<void> {
    return (this.ending ??= this.end(deadlineMs));
  }

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
  // an empty name is none, as in Python
  for (const [object, name] of objects as Map<object, string | null | undefined>) yield [object, name || undefined];
}

/** What goes wrong at the name server ends nothing: it is tried again. */
async function startNames(names: DaemonNames): Promise<void> {
  names.keeper.on('unavailable', (error) => process.emitWarning(`${error.message}; it is tried again`));
  names.keeper.on('taken', (name, uri) =>
    process.emitWarning(`the name "${name}" was given to ${uri}; it is left there until it is free again`),
  );
  await names.start();
}

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
