import { Logger } from '@nestjs/common';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import { PYRO_HOOKS } from '../../objects/private-names.js';
import { KEYWORDS_OF_CHANGED_NAMES } from '../../objects/parameters/renamed-parameters.js';
import { PipelineCompiler } from '../pipeline/pipeline-compiler.js';
import { controllerMetadataOf, type HandshakeGuard } from '../metadata/controller-metadata.js';
import { emittedFailure, type OnFailure } from '../errors/failures.js';
import { type GuardedClass, HandshakeRunner } from '../handshake/handshake-runner.js';
import { hasHook } from '../instances/lifecycle-hooks.js';
import {
  addFirstHookOf,
  ApplicationConfig,
  assertNestInternals,
  containerOf,
  ContextualLoader,
  firstDestroyedModule,
  type Module,
  type NestContainer,
  rootModuleOf,
} from '../nest-internals.js';
import { JoinedConfig, microserviceConfigOf, onCloseCalled, overriddenProvidersIn } from '../nest-observers.js';
import { NestTarget, type ProcessingHooks, type TargetEnvironment } from '../target/nest-target.js';
import type { ObjectDefinition } from '../definition/object-definition.js';
import { insertEntrypoints } from './devtools-entrypoints.js';
import { checkServerNames, exploreObjects } from '../definition/pyro-explorer.js';
import { lateClasses, undecoratedProviders } from '../definition/provided-controllers.js';
import { unsharedText } from '../definition/unshared-objects.js';
import { unusedDecoratorTexts } from '../definition/unused-decorators.js';
import { unvalidatedText } from '../definition/unvalidated-arguments.js';
import { serversOf } from '../binding/pyro-binder.js';
import type { PyroServerOptions } from './pyro-server-options.js';

/** Connects one server to the container of an application: finds the server's objects, and makes their targets. */
export class ServerBinding {
  objects: readonly ObjectDefinition[] = [];
  /** The daemon of the server; undefined before the server starts to listen. */
  daemon: PyroDaemon | undefined;
  private readonly logger = new Logger('PyroServer');
  private readonly environment: TargetEnvironment;
  private readonly container: NestContainer;
  private isInGraph = false;
  /** The configurations whose global enhancers run. */
  private readonly configs = new Set<ApplicationConfig>();
  private readonly config = new JoinedConfig(this.configs);

  /** @throws {Error} when this version of Nest does not fit */
  constructor(
    readonly modules: ModulesContainer,
    contexts: ExternalContextCreator,
    private readonly options: PyroServerOptions,
    hooks: () => ProcessingHooks | undefined,
  ) {
    assertNestInternals(contexts);
    const container = (this.container = containerOf(contexts));
    onCloseCalled(container, () => this.daemon?.joinEnd());
    if (options.inheritAppConfig !== false) this.configs.add(container.applicationConfig!);
    this.environment = {
      compiler: new PipelineCompiler(container, this.config),
      loader: new ContextualLoader(container),
      registerRequest: (value, contextId) => contexts.registerRequestProvider(value, contextId),
      daemon: () => this.daemon!,
      hooks,
      onFailure: (what, error) => this.daemon!.reportError(emittedFailure(what, error)),
    };
  }

  /**
   * Makes Nest call `destroy` before all other `onModuleDestroy` hooks. Without this Nest closes the server after these hooks, and calls go
   * on to run on destroyed providers.
   */
  onDestroy(destroy: () => Promise<void>): void {
    const module = firstDestroyedModule(this.modules);
    if (!module) return;
    addFirstHookOf(module, Symbol('PyroServer lifecycle'), {
      onModuleDestroy: destroy,
    });
  }

  /**
   * Finds the objects of the server, and makes their targets.
   *
   * @param strategy the server: the global enhancers of its microservice run, too
   * @throws {Error} when an object cannot be served as it is
   */
  async prepare(strategy: object): Promise<NestTarget[]> {
    const { name, naming } = this.options;
    const own = microserviceConfigOf(strategy);
    // the configuration of the application itself is inherited or not, as the option says
    if (own !== undefined && own !== this.container.applicationConfig) this.configs.add(own);
    checkServerNames(
      this.modules,
      serversOf(this.modules).map((server) => server.name),
    );
    this.objects = exploreObjects(this.modules, name, naming, overriddenProvidersIn(this.container));
    for (const text of undecoratedProviders(this.modules)) this.logger.warn(text);
    if (!this.options.nameServer) this.warnOfUnregisteredNames();
    if (!this.isInGraph) insertEntrypoints(this.container, this.objects);
    this.isInGraph = true;
    const targets: NestTarget[] = [];
    for (const definition of this.objects) {
      const { handshakeGuards, type, instanceType, wrapper } = definition;
      // a stand-in has no metadata that guards look for
      const host = instanceType.prototype instanceof type ? instanceType : type;
      const guards = handshakeGuards.length > 0 ? await this.runnerOf(host, handshakeGuards, wrapper.host!) : undefined;
      this.warnOfUnusedHooks(definition);
      this.warnOfChangedNames(definition);
      const texts = [unsharedText(this.modules, definition), unvalidatedText(definition, this.globalPipes)];
      for (const text of [...texts, ...unusedDecoratorTexts(definition)]) if (text !== undefined) this.logger.warn(text);
      targets.push(new NestTarget(definition, this.environment, guards));
    }
    return targets;
  }

  /** Pipes of all calls, and the classes of those that Nest makes for each call. */
  private get globalPipes(): unknown[] {
    return [...this.config.getGlobalPipes(), ...this.config.getGlobalRequestPipes().map(({ metatype }) => metatype)];
  }

  /** Gets failures that no caller waits for. */
  get onFailure(): OnFailure {
    return this.environment.onFailure;
  }

  /** @param what names a guard in the log */
  handshakeRunner(host: GuardedClass, guards: readonly HandshakeGuard[], what?: string): Promise<HandshakeRunner> {
    return this.runnerOf(host, guards, rootModuleOf(this.modules), what);
  }

  /** Warns of classes that this server would serve if their modules had been loaded before it began to listen. */
  warnOfLateClasses(): void {
    const texts = lateClasses(this.modules, this.options.name, this.objects);
    for (const text of texts) this.logger.warn(text);
  }

  private runnerOf(
    host: GuardedClass,
    guards: readonly HandshakeGuard[],
    module: Module,
    what?: string,
  ): Promise<HandshakeRunner> {
    return HandshakeRunner.create(host, guards, module, this.container, this.environment.onFailure, what);
  }

  private warnOfUnregisteredNames(): void {
    const isRegisteredElsewhere = serversOf(this.modules).some(({ registersNames }) => registersNames);
    const objects = this.objects.filter(({ type }) => {
      const { name, server } = controllerMetadataOf(type)!;
      return name !== undefined && (server !== undefined || !isRegisteredElsewhere);
    });
    if (objects.length === 0) return;
    const [verb, what] = objects.length === 1 ? ['has', 'a name'] : ['have', 'names'];
    this.logger.warn(
      `${objects.map(({ type, name }) => `${type.name} ("${name}")`).join(', ')} ${verb} ${what}, which nobody registers at a name server: ` +
        'give PyroServer the option nameServer, or take `name` out of @PyroController',
    );
  }

  private warnOfChangedNames({ type, changedNames }: ObjectDefinition): void {
    if (changedNames.size === 0) return;
    const methods = [...changedNames].map(([key, names]) => `${key}(${names.join(', ')})`);
    this.logger.warn(
      `a compiler, bundler or minifier seems to have changed parameter names of ${type.name}: ${methods.join(', ')}; ` +
        `${KEYWORDS_OF_CHANGED_NAMES}. Give the names: @PyroMethod({ params: ['item', 'count?'] })`,
    );
  }

  private warnOfUnusedHooks({ instanceMode, instanceType }: ObjectDefinition): void {
    if (instanceMode !== 'percall') return;
    const unused = PYRO_HOOKS.filter((hook) => hasHook(instanceType.prototype as object, hook));
    if (unused.length > 0)
      this.logger.warn(
        `${instanceType.name} is a percall object: ${unused.join(', ')} of it is never called; its instances live for one call`,
      );
  }
}
