import { Logger } from '@nestjs/common';
import type { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { PyroContextCreator } from '../context/pyro-context-creator.js';
import type { HandshakeGuard } from '../decorators/use-handshake-guards.decorator.js';
import { HandshakeRunner } from '../handshake/handshake-runner.js';
import {
  addFirstHookOf,
  ApplicationConfig,
  assertNestInternals,
  containerOf,
  ContextualLoader,
  firstDestroyedModule,
  rootModuleOf,
} from '../nest-internals.js';
import { NestTarget, type ProcessingHooks, type TargetEnvironment } from '../objects/nest-target.js';
import type { ObjectDefinition } from '../objects/object-definition.js';
import { exploreObjects, wantedServers } from './pyro-explorer.js';
import { PYRO_SERVER } from './pyro-binder.js';
import type { PyroServerOptions } from './pyro-server-options.js';

/** A server in the container of an application. */
export class ServerBinding {
  objects: readonly ObjectDefinition[] = [];
  /** True once every `onModuleInit` of the application has run. */
  isInitialized = false;
  private readonly logger = new Logger('PyroServer');
  private readonly environment: TargetEnvironment;

  /** @throws {Error} when this version of Nest does not fit */
  constructor(
    readonly modules: ModulesContainer,
    contexts: ExternalContextCreator,
    private readonly options: PyroServerOptions,
    hooks: () => ProcessingHooks | undefined,
  ) {
    assertNestInternals(modules, contexts);
    const container = containerOf(contexts);
    const config = options.inheritAppConfig === false ? new ApplicationConfig() : container.applicationConfig!;
    this.environment = {
      contexts: new PyroContextCreator(container, config),
      loader: new ContextualLoader(container),
      registerRequest: (value, contextId) => contexts.registerRequestProvider(value, contextId),
      hooks,
      onError: (error) =>
        this.logger.error('an instance could not be disposed', error instanceof Error ? error.stack : String(error)),
    };
  }

  /**
   * Has `destroy` run before Nest destroys anything: on its own it calls `onModuleDestroy` of all providers before it
   * closes a server, and calls would go on to run on destroyed providers.
   */
  onDestroy(destroy: () => Promise<void>): void {
    const module = firstDestroyedModule(this.modules);
    if (!module) return;
    addFirstHookOf(module, Symbol('PyroServer lifecycle'), {
      onModuleInit: () => {
        this.isInitialized = true;
      },
      onModuleDestroy: destroy,
    });
  }

  /** Finds the objects of the server. @throws {Error} when one of them cannot be served as it is */
  async prepare(): Promise<NestTarget[]> {
    const { name, naming } = this.options;
    this.warnOfMissingServers();
    this.objects = exploreObjects(this.modules, name, naming);
    const targets: NestTarget[] = [];
    for (const definition of this.objects) {
      const { handshakeGuards, type, wrapper } = definition;
      const guards = handshakeGuards.length > 0 ? await HandshakeRunner.create(type, handshakeGuards, wrapper.host!) : undefined;
      targets.push(new NestTarget(definition, this.environment, guards));
    }
    return targets;
  }

  handshakeRunner(host: { readonly prototype: object }, guards: readonly HandshakeGuard[]): Promise<HandshakeRunner> {
    return HandshakeRunner.create(host, guards, rootModuleOf(this.modules));
  }

  private warnOfMissingServers(): void {
    const wanted = wantedServers(this.modules);
    if (wanted.size === 0) return;
    this.modules
      .getRpcTargetRegistry<{ [PYRO_SERVER]?: true; name?: string } | undefined>()
      .subscribe((server) => {
        if (server?.[PYRO_SERVER] && server.name !== undefined) wanted.delete(server.name);
      })
      .unsubscribe();
    for (const name of wanted)
      this.logger.warn(`no PyroServer is named "${name}", as a @PyroController asks for: its object is not served`);
  }
}
