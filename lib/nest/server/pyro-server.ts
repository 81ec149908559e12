import { Logger, type LogLevel } from '@nestjs/common';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { printAs } from '../../protocol/texts/hidden-members.js';
import { DEADLINE, DEFAULT_DRAIN_MS } from '../../daemon/lifecycle.js';
import type { InspectOptions } from '../../daemon/contract/snapshot.js';
import { DaemonNames } from '../../pyro/daemon-names.js';
import { DaemonError } from '../../protocol/errors.js';
import { checkArgument, checkIsObject, checkOptions, FUNCTION } from '../../options/option-checks.js';
import { controllerMetadataOf, type HandshakeGuard } from '../metadata/controller-metadata.js';
import { refuseUnprovided, warnOfUnprovided } from '../metadata/provided-classes.js';
import { sinkOf } from '../../logging/log-sink.js';
import { warnIfItFails } from '../../reports/warning.js';
import type { ObjectDefinition } from '../definition/object-definition.js';
import type { NestTarget, ProcessingHooks } from '../target/nest-target.js';
import { whenInitialized } from '../application-phase.js';
import { PYRO_SERVER } from '../binding/pyro-binder.js';
import type { ObjectGuard } from '../../daemon/contract/daemon.js';
import { type GuardedClass, objectGuard } from '../handshake/handshake-runner.js';
import { runBetween } from './processing-hooks.js';
import { type PyroServerOptions, SERVER_RULES } from './pyro-server-options.js';
import { logListening, logRegistrations, logToNest } from '../logging/server-log.js';
import { type PyroRegisterOptions, type RegisteredObject, RuntimeObjects, unusedOptionText } from './runtime-objects.js';
import { LateCheck } from './late-check.js';
import { ServerBinding } from './server-binding.js';
import { addNames } from './sibling-names.js';
import { daemonOf, type OwnGuard } from './server-daemon.js';
import { StartOrder } from './start-order.js';
import type { PyroServerEvents, PyroServerSnapshot, PyroServerStatus } from './server-state.js';
import { containerOf } from '../nest-internals.js';
import { notStartedText, startWarnings } from './start-warnings.js';

/** Nest's token of this transport, for `@MessagePattern(…, transport)` and the processing hooks. */
export const PYRO_TRANSPORT: unique symbol = Symbol.for('nestjs-pyro:transport');

/** Longest time that a shutdown waits for a name server that does not answer. */
const MAX_NAME_REMOVAL_MS = 2_000;

/**
 * Serves the `@PyroController`s of a Nest application to Pyro5 clients: the `strategy` of a microservice.
 *
 * The server finds its objects among controllers and providers when it starts to listen.
 */
export class PyroServer extends Server<PyroServerEvents, PyroServerStatus> implements CustomTransportStrategy {
  /** @internal */
  readonly [PYRO_SERVER] = true;
  /** Identifies the transport for `@MessagePattern` and other decorators of Nest. */
  override readonly transportId = PYRO_TRANSPORT;
  /** Logger of the server. */
  protected override readonly logger = new Logger(PyroServer.name);
  private readonly subscriptions: [keyof PyroServerEvents, (...args: never[]) => void][] = [];
  private binding: ServerBinding | undefined;
  private bindError: Error | undefined;
  private readonly runtimeObjects = new RuntimeObjects();
  private daemon: PyroDaemon | undefined;
  /** @internal The names of a server that listens at the name servers. */
  names: DaemonNames | undefined;
  private readonly order = new StartOrder();
  private hasProcessingHooks = false;
  /** @internal True from the beginning of a shutdown on. Clients are still served while names are removed from the name server. */
  isEnding = false;
  private readonly startCheck = new LateCheck();
  private readonly classCheck = new LateCheck();

  /** @throws {PyroError} `CONFIG`, when the options are no object. Each option is checked when the server starts to listen */
  constructor(private readonly options: PyroServerOptions = {}) {
    super();
    checkIsObject(options, 'PyroServer: ');
    printAs(this, () => `PyroServer <${this.daemon?.locationStr ?? 'not listening'}>`);
  }

  /** `name` of the options. */
  get name(): string | undefined {
    return this.options.name;
  }

  /** @internal */
  get registersNames(): boolean {
    return Boolean(this.options.nameServer);
  }

  /** @internal The objects of the server; none before it listens. */
  get objects(): readonly ObjectDefinition[] {
    return this.binding?.objects ?? [];
  }

  /** True while the server accepts connections and calls. */
  get isListening(): boolean {
    return this.daemon?.isListening ?? false;
  }

  /** @internal Called by the PyroBinder of each `@PyroController`. */
  bind(modules: ModulesContainer, contexts: ExternalContextCreator): void {
    if (this.binding?.modules === modules) {
      if (this.isListening) warnIfItFails(() => this.binding?.warnOfLateClasses());
      return;
    }
    try {
      if (this.binding) throw new Error('this PyroServer is the strategy of two applications; make one for each');
      this.binding = new ServerBinding(modules, contexts, this.options, () =>
        this.hasProcessingHooks ? this.runBetweenHooks : undefined,
      );
      this.binding.onDestroy(() => this.close());
      whenInitialized(modules, () => this.startCheck.schedule(() => this.logger.warn(notStartedText(containerOf(contexts)))));
    } catch (error) {
      // nobody catches an error of this method; listen() reports it
      this.bindError = error as Error;
    }
  }

  /**
   * Starts to listen, unless the server listens already. Waits for a `close` that runs. All errors go to the callback: of options, objects,
   * and address, and when the server is closed while it starts.
   */
  override listen(callback: (error?: unknown, info?: unknown) => unknown): void {
    this.start().then(() => callback(), callback);
  }

  /** Subscribes to an event of the server, also before the server listens. */
  override on<Event extends keyof PyroServerEvents>(event: Event, callback: PyroServerEvents[Event]): this {
    checkArgument('on: the callback', callback, FUNCTION);
    this.subscriptions.push([event, callback as (...args: never[]) => void]);
    this.daemon?.on(event, callback as never);
    return this;
  }

  /** The daemon. @throws {Error} before it listens */
  override unwrap<T = PyroDaemon>(): T {
    if (!this.daemon) throw new Error('PyroServer has no daemon yet: call app.startAllMicroservices() or listen() first');
    return this.daemon as T;
  }

  /**
   * Takes a snapshot of the server: its objects, connections, streams, limits, names and latest failures, as values that JSON has.
   *
   * @throws {Error} before the server listens @throws {PyroError} `CONFIG`, when an option is wrong
   */
  inspect(options?: InspectOptions): PyroServerSnapshot {
    return { server: this.name ?? null, ...this.unwrap().inspect(options) };
  }

  /**
   * Serves one more object, or a class with `behavior(…)`, whose members were exposed by `expose` of `nestjs-pyro/core`. Calls go to the
   * object directly: only `@PyroController`s have guards for calls, pipes and the like. If a method of an object registers another object,
   * the other object has the handshake guards of the first, unless the option `guards` says otherwise. May be called before the server
   * listens.
   *
   * @throws {DaemonError} when the object or the id is registered already, unless forced
   * @throws {PyroError} when another object has the name
   */
  register(object: object, options: PyroRegisterOptions = {}): RegisteredObject {
    const registered = this.runtimeObjects.register(object, options);
    const text = unusedOptionText(registered.objectId, options, this.registersNames);
    if (text !== undefined) warnIfItFails(() => this.logger.warn(text));
    return registered;
  }

  /**
   * Removes the names from the name server, accepts no more connections and calls, and waits for running calls and their replies.
   *
   * @param deadlineMs longest time to wait for calls. Default: `drainTimeoutMs`
   * @returns true when all calls have ended and their replies have left
   */
  async drain(deadlineMs = this.options.drainTimeoutMs ?? DEFAULT_DRAIN_MS): Promise<boolean> {
    checkArgument('drain: deadlineMs', deadlineMs, DEADLINE);
    this.isEnding = true;
    await this.names?.stop(MAX_NAME_REMOVAL_MS);
    return (await this.daemon?.drain(deadlineMs)) ?? true;
  }

  /**
   * Removes the names from the name server, accepts no more calls, waits for running calls (at most `drainTimeoutMs`), then ends
   * connections, sessions and streams. May be called several times, as Nest does. Gives up a `listen` that has not ended; another may follow.
   */
  override close(): Promise<void> {
    this.daemon?.joinEnd();
    this.isEnding = true;
    this.startCheck.cancel();
    return this.order.end(() => this.end());
  }

  override setOnProcessingStartHook(...args: Parameters<Server['setOnProcessingStartHook']>): void {
    this.hasProcessingHooks = true;
    super.setOnProcessingStartHook(...args);
  }

  override setOnProcessingEndHook(...args: Parameters<Server['setOnProcessingEndHook']>): void {
    this.hasProcessingHooks = true;
    super.setOnProcessingEndHook(...args);
  }

  private async start(): Promise<void> {
    this.startCheck.cancel();
    await this.order.start((checkWanted) => this.begin(checkWanted));
    if (!this.isListening)
      throw new DaemonError('the server was drained, or its daemon was closed; close() it before it listens again');
  }

  private async begin(checkWanted: () => void): Promise<void> {
    this.isEnding = false;
    if (this.bindError) throw this.bindError;
    checkOptions(this.options, SERVER_RULES);
    const targets = (await this.binding?.prepare(this)) ?? [];
    if (this.binding === undefined && this.runtimeObjects.isEmpty) refuseUnprovided();
    const hasObjects = targets.length > 0 || !this.runtimeObjects.isEmpty;
    for (const text of startWarnings(this.binding?.modules, hasObjects)) this.logger.warn(text);
    const daemon = await this.makeDaemon(targets, checkWanted);
    const names = this.options.nameServer ? new DaemonNames(daemon, this.options.nameServer) : undefined;
    if (this.binding) this.binding.daemon = daemon;
    const write = sinkOf<LogLevel>(this.logger);
    logToNest(daemon, write, this.options);
    for (const [event, callback] of this.subscriptions) daemon.on(event, callback as never);
    await this.startDaemon(daemon, names, checkWanted);
    this._status$.next('connected');
    logListening(daemon, write, (id) => this.typeOf(id));
    this.classCheck.schedule(() => {
      this.binding?.warnOfLateClasses();
      warnOfUnprovided((text) => this.logger.warn(text));
    });
    if (!names) return;
    logRegistrations(names.registrar, write);
    await names.start();
  }

  /** Makes the daemon with the guards of the server. @throws {Error} when Nest cannot make a guard, or the server is wanted no more */
  private async makeDaemon(targets: NestTarget[], checkWanted: () => void): Promise<PyroDaemon> {
    const { inspector, handshakeGuards = [] } = this.options;
    const authorize = handshakeGuards.length > 0 ? await this.ownGuard('handshakeGuards', handshakeGuards) : undefined;
    const access =
      typeof inspector === 'object'
        ? { guard: await this.ownGuard('inspector.guards', inspector.guards, 'a guard of Pyro.Inspector') }
        : inspector;
    checkWanted();
    return daemonOf({ ...this.options, inspector: access }, targets, authorize);
  }

  /** The daemon listens. When it cannot, the server has no daemon. */
  private async startDaemon(daemon: PyroDaemon, names: DaemonNames | undefined, checkWanted: () => void): Promise<void> {
    // listeners of 'listening' may call unwrap()
    this.daemon = daemon;
    try {
      await daemon.start();
      checkWanted();
      this.names = names;
      const warnings = names ? addNames(this.objects, this, names, this.binding?.modules) : [];
      for (const text of warnings) this.logger.warn(text);
      this.runtimeObjects.attach({ daemon, names, guardOf: (type, guards) => this.guardOf(type, guards) });
    } catch (error) {
      this.daemon = undefined;
      this.names = undefined;
      this.runtimeObjects.detach();
      if (daemon.isListening) await daemon.close();
      throw error;
    }
  }

  /** A guard of the server itself. @throws {Error} when Nest cannot make one of the guards */
  private async ownGuard(option: string, guards: readonly HandshakeGuard[], what?: string): Promise<OwnGuard> {
    const runner = await this.bindingFor(option).handshakeRunner(PyroServer, guards, what);
    return (request) => runner.run(request);
  }

  /** The guard of an object that was registered at run time. */
  private guardOf(type: GuardedClass, guards: readonly HandshakeGuard[]): ObjectGuard {
    const binding = this.bindingFor('guards');
    return objectGuard(binding.handshakeRunner(type, guards), type.name, binding.onFailure);
  }

  private bindingFor(option: string): ServerBinding {
    if (this.binding) return this.binding;
    throw new Error(
      `${option} need an application with at least one @PyroController, or with PyroModule: without one there is no way to its providers`,
    );
  }

  /** Name of the class of an object that has a random id. */
  private typeOf(objectId: string): string | undefined {
    const type = this.objects.find((object) => object.objectId === objectId)?.type;
    return type && controllerMetadataOf(type)?.objectId === undefined ? type.name : undefined;
  }

  private async end(): Promise<void> {
    this.classCheck.cancel();
    const { daemon } = this;
    if (!daemon) return;
    await this.names?.stop(MAX_NAME_REMOVAL_MS);
    await daemon.shutdown(this.options.drainTimeoutMs ?? DEFAULT_DRAIN_MS);
    this.runtimeObjects.detach();
    this.names = undefined;
    this.daemon = undefined;
    this._status$.next('disconnected');
  }

  private readonly runBetweenHooks: ProcessingHooks = (context, run) =>
    runBetween(
      (process) => this.onProcessingStartHook(this.transportId, context, process),
      () => this.onProcessingEndHook?.(this.transportId, context),
      run,
    );
}
