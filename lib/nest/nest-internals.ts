/**
 * Everything this library takes from Nest beyond its public entries; no other file imports from `@nestjs/*` by a deeper path.
 */
import 'reflect-metadata';
import {
  ApplicationConfig,
  type ContextId,
  type ExternalContextCreator,
  type ModulesContainer,
  type NestContainer,
} from '@nestjs/core';
import {
  ExecutionContextHost,
  GuardsConsumer,
  GuardsContextCreator,
  Injector,
  type InstanceWrapper,
  InterceptorsConsumer,
  InterceptorsContextCreator,
  type Module,
  PipesConsumer,
  PipesContextCreator,
  STATIC_CONTEXT,
} from '@nestjs/core/internal';
import { ExceptionFiltersContext } from '@nestjs/microservices/context/exception-filters-context.js';
import { RpcContextCreator } from '@nestjs/microservices/context/rpc-context-creator.js';
import { RpcProxy } from '@nestjs/microservices/context/rpc-proxy.js';
import { RpcExceptionsHandler } from '@nestjs/microservices/exceptions/rpc-exceptions-handler.js';

export {
  CUSTOM_ROUTE_ARGS_METADATA,
  ENTRY_PROVIDER_WATERMARK,
  EXCEPTION_FILTERS_METADATA,
  GUARDS_METADATA,
  INTERCEPTORS_METADATA,
  PARAMTYPES_METADATA,
  PATH_METADATA,
  PIPES_METADATA,
  ROUTE_ARGS_METADATA,
  SCOPE_OPTIONS_METADATA,
} from '@nestjs/common/internal';
export {
  FORBIDDEN_MESSAGE,
  InvalidClassScopeException,
  MESSAGES,
  type ParamProperties,
  UnknownElementException,
} from '@nestjs/core/internal';
export type { RpcHandlerMetadata } from '@nestjs/microservices/context/rpc-context-creator.js';
export type { InstanceWrapper, Module, NestContainer };
export {
  ApplicationConfig,
  ExceptionFiltersContext,
  ExecutionContextHost,
  GuardsConsumer,
  GuardsContextCreator,
  InterceptorsConsumer,
  InterceptorsContextCreator,
  PipesConsumer,
  PipesContextCreator,
  RpcContextCreator,
  RpcExceptionsHandler,
  RpcProxy,
  STATIC_CONTEXT,
};

/** Parameter kinds of `@Payload()` and `@Ctx()` in Nest's route metadata. @see RpcParamtype */
export const RPC_PARAM_TYPES = { payload: 3, context: 6 } as const;

/** What an injector of Nest looks like beyond its declared methods; `waitForDeferredLoads` came with 12.3. */
interface InjectorInternals {
  loadInstance(
    wrapper: InstanceWrapper,
    collection: Map<unknown, InstanceWrapper>,
    module: Module,
    resolution: { contextId: ContextId; inquirer: InstanceWrapper },
  ): Promise<void>;
  loadEnhancersPerContext(wrapper: InstanceWrapper, contextId: ContextId, inquirer: InstanceWrapper): Promise<void>;
  waitForDeferredLoads?(contextId: ContextId): Promise<void>;
}

interface InstanceHost {
  /** Before it is resolved, an object of the class whose constructor has not run. */
  instance: unknown;
  isResolved?: boolean;
}

/** Instances of one wrapper in one context. `getExistingInstancesByContextId` came with 12.3. */
interface WrapperInternals {
  getExistingInstancesByContextId?(contextId: ContextId): InstanceHost[];
  values: WeakMap<ContextId, InstanceHost>;
  transientMap?: Map<string, WeakMap<ContextId, InstanceHost>>;
}

/** Makes instances of a wrapper and of its enhancers in contexts of ours. */
export class ContextualLoader {
  private readonly injector: InjectorInternals;

  constructor(container: NestContainer) {
    const { instrument, preview } = container.contextOptions ?? {};
    this.injector = new Injector({
      preview: preview ?? false,
      instanceDecorator: instrument?.instanceDecorator,
    }) as unknown as InjectorInternals;
  }

  /** The wrapper's instance in `contextId`, without its enhancers: those belong to calls. */
  async load(wrapper: InstanceWrapper, contextId: ContextId): Promise<object> {
    const module = wrapper.host!;
    const collection = module.controllers.get(wrapper.token) === wrapper ? module.controllers : module.providers;
    await this.injector.loadInstance(wrapper, collection as Map<unknown, InstanceWrapper>, module, {
      contextId,
      inquirer: wrapper,
    });
    await this.injector.waitForDeferredLoads?.(contextId);
    return wrapper.getInstanceByContextId(contextId, wrapper.id).instance as object;
  }

  async loadEnhancers(wrapper: InstanceWrapper, contextId: ContextId): Promise<void> {
    await this.injector.loadEnhancersPerContext(wrapper, contextId, wrapper);
    await this.injector.waitForDeferredLoads?.(contextId);
  }
}

/** Guards, pipes, interceptors and filters of a wrapper's class and methods. */
export function enhancersOf(wrapper: InstanceWrapper): InstanceWrapper[] {
  return wrapper.getEnhancersMetadata() ?? [];
}

/** Instances that Nest made of a wrapper in a context of ours, to their end; nothing is made by asking. */
export function existingInstances(wrapper: InstanceWrapper, contextId: ContextId): unknown[] {
  const internals = wrapper as unknown as WrapperInternals;
  const hosts =
    internals.getExistingInstancesByContextId?.(contextId) ??
    [internals.values, ...(internals.transientMap?.values() ?? [])].flatMap((collection) => collection.get(contextId) ?? []);
  return hosts.filter(({ isResolved }) => isResolved).map(({ instance }) => instance);
}

/** What the constructor and the properties of a wrapper's class were given. */
export function dependenciesOf(wrapper: InstanceWrapper): InstanceWrapper[] {
  const properties = (wrapper.getPropertiesMetadata() ?? []).map(({ wrapper: dependency }) => dependency);
  return [...(wrapper.getCtorMetadata() ?? []), ...properties].filter((dependency) => dependency !== undefined);
}

/** The container behind Nest's public helper. */
export function containerOf(contexts: ExternalContextCreator): NestContainer {
  return (contexts as unknown as { container: NestContainer }).container;
}

/** The module whose `onModuleDestroy` hooks Nest runs first. @see NestApplicationContext.getModulesToTriggerHooksOn */
export function firstDestroyedModule(modules: ModulesContainer): Module | undefined {
  return [...modules.values()].sort((a, b) => b.distance - a.distance).at(-1);
}

/** Has Nest run the lifecycle hooks of `value` before those of anything else in the module. */
export function addFirstHookOf(module: Module, token: symbol, value: object): void {
  if (module.providers.has(token)) return;
  module.addProvider({ provide: token, useValue: value });
  module.providers.get(token)!.hierarchyLevel = Number.MAX_SAFE_INTEGER;
}

/**
 * Checks that this version of Nest has all that is used of its inside.
 *
 * @throws {Error} naming what is missing
 */
export function assertNestInternals(modules: ModulesContainer, contexts: ExternalContextCreator): void {
  const container = containerOf(contexts) as NestContainer | undefined;
  const [module] = modules.values();
  const wrapper = module && [...module.providers.values()][0];
  const checks: [string, unknown][] = [
    ['ExternalContextCreator.container', container?.getModules],
    ['NestContainer.applicationConfig', container?.applicationConfig],
    ['NestContainer.serializedGraph', container?.serializedGraph?.insertEntrypoint],
    ['ModulesContainer.getRpcTargetRegistry', modules.getRpcTargetRegistry],
    ['Injector.loadInstance', (Injector.prototype as unknown as InjectorInternals).loadInstance],
    ['Injector.loadEnhancersPerContext', (Injector.prototype as unknown as InjectorInternals).loadEnhancersPerContext],
    ['RpcContextCreator.getMetadata', RpcContextCreator.prototype.getMetadata],
    ['RpcContextCreator.createPipesFn', RpcContextCreator.prototype.createPipesFn],
    ['RpcExceptionsHandler.handle', RpcExceptionsHandler.prototype.handle],
    ['GuardsConsumer.tryActivate', GuardsConsumer.prototype.tryActivate],
    ['InterceptorsConsumer.intercept', InterceptorsConsumer.prototype.intercept],
    ['Module.addProvider', module?.addProvider],
    ['Module.distance', module?.distance],
    ['InstanceWrapper.getCtorMetadata', wrapper?.getCtorMetadata],
    ['InstanceWrapper.isDependencyTreeStatic', wrapper?.isDependencyTreeStatic],
    ['InstanceWrapper.isDependencyTreeDurable', wrapper?.isDependencyTreeDurable],
    ['InstanceWrapper.values', (wrapper as unknown as WrapperInternals | undefined)?.values],
  ];
  const missing = checks.filter(([, value]) => value === undefined || value === null).map(([name]) => name);
  if (missing.length > 0) {
    throw new Error(`nestjs-pyro does not fit this version of Nest: ${missing.join(', ')} missing; it is made for @nestjs/* ^12`);
  }
}

/** The module that the application was made of. The first one is Nest's own. */
export function rootModuleOf(modules: ModulesContainer): Module {
  const [core, root] = modules.values();
  return root ?? core!;
}
