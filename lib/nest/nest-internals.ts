/**
 * Everything that this library uses of Nest beyond its public entries. No other file imports deep paths of `@nestjs/*`.
 */
import 'reflect-metadata';
import {
  ClassSerializerInterceptor,
  type ExecutionContext,
  type InjectionToken,
  StandardSchemaValidationPipe,
  type Type,
  ValidationPipe,
} from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA, INTERCEPTORS_METADATA, PIPES_METADATA } from '@nestjs/common/internal';
import {
  ApplicationConfig,
  type ContextId,
  ExternalContextCreator,
  ModulesContainer,
  NestApplicationContext,
  NestContainer,
  SerializedGraph,
} from '@nestjs/core';
import {
  ExecutionContextHost,
  GuardsContextCreator,
  Injector,
  InstanceWrapper,
  InterceptorsContextCreator,
  Module,
  PipesContextCreator,
  REQUEST_CONTEXT_ID,
  STATIC_CONTEXT,
} from '@nestjs/core/internal';
import { ClientProxy, NestMicroservice } from '@nestjs/microservices';
import { ExceptionFiltersContext } from '@nestjs/microservices/context/exception-filters-context.js';
import { RpcExceptionsHandler } from '@nestjs/microservices/exceptions/rpc-exceptions-handler.js';

export {
  CUSTOM_ROUTE_ARGS_METADATA,
  ENTRY_PROVIDER_WATERMARK,
  PARAMTYPES_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
  SCOPE_OPTIONS_METADATA,
} from '@nestjs/common/internal';
export { FORBIDDEN_MESSAGE, InvalidClassScopeException, MESSAGES, UnknownElementException } from '@nestjs/core/internal';
export type { InstanceWrapper, Module, NestContainer };
export {
  ApplicationConfig,
  ExceptionFiltersContext,
  ExecutionContextHost,
  GuardsContextCreator,
  InterceptorsContextCreator,
  PipesContextCreator,
  REQUEST_CONTEXT_ID,
  RpcExceptionsHandler,
  STATIC_CONTEXT,
};

/** Keys of the metadata with the enhancers of a class or a method. Each is a list, to which several decorators add. */
export const ENHANCER_KEYS = {
  guards: GUARDS_METADATA,
  pipes: PIPES_METADATA,
  interceptors: INTERCEPTORS_METADATA,
  filters: EXCEPTION_FILTERS_METADATA,
} as const;

/** Parameter kinds of `@Payload()` and `@Ctx()` in Nest's route metadata. @see RpcParamtype */
export const RPC_PARAM_TYPES = { payload: 3, context: 6 } as const;

/** The private members of Nest's injector that are called here. */
interface InjectorMembers {
  /** The context that has the instance: the one of the tenant, for an object all of whose dependencies are durable. */
  getContextId(contextId: ContextId, wrapper: InstanceWrapper): ContextId;
}

/** Makes instances of a wrapper and of its enhancers in contexts of this library. */
export class ContextualLoader {
  /** False when Nest decorates each instance (`instrument`), or makes none (`preview`). */
  readonly onlyConstructs: boolean;
  private readonly injector: Injector;

  constructor(container: NestContainer) {
    const { instrument, preview } = container.contextOptions ?? {};
    this.onlyConstructs = !instrument?.instanceDecorator && !preview;
    this.injector = new Injector({ preview: preview ?? false, instanceDecorator: instrument?.instanceDecorator });
  }

  /** Makes the wrapper's instance in `contextId`, without its enhancers: these belong to calls. */
  async load(wrapper: InstanceWrapper, contextId: ContextId): Promise<object> {
    const module = wrapper.host!;
    const collection = module.controllers.get(wrapper.token) === wrapper ? module.controllers : module.providers;
    await this.injector.loadInstance(wrapper, collection as Map<InjectionToken, InstanceWrapper>, module, {
      contextId,
      inquirer: wrapper,
    });
    await this.injector.waitForDeferredLoads(contextId);
    const holding = (this.injector as unknown as InjectorMembers).getContextId(contextId, wrapper);
    return wrapper.getInstanceByContextId(holding, wrapper.id).instance as object;
  }

  /** True when the wrapper has noted a wrapper for each parameter and each property into which Nest injects. */
  knowsDependencies(wrapper: InstanceWrapper): boolean {
    const type = wrapper.metatype as Type;
    const params = wrapper.getCtorMetadata() ?? [];
    const keys = new Set((wrapper.getPropertiesMetadata() ?? []).map(({ key }) => key));
    return (
      // Nest leaves a hole for a parameter that has no wrapper
      params.length === this.injector.reflectConstructorParams(type).length &&
      !Array.from(params).includes(undefined as never) &&
      this.injector.reflectProperties(type).every(({ key }) => keys.has(key))
    );
  }

  async loadEnhancers(wrapper: InstanceWrapper, contextId: ContextId): Promise<void> {
    await this.injector.loadEnhancersPerContext(wrapper, contextId, wrapper);
    await this.injector.waitForDeferredLoads(contextId);
  }

  /** Makes one enhancer of a wrapper. @throws the error of making the enhancer */
  async loadEnhancer(wrapper: InstanceWrapper, enhancer: InstanceWrapper, contextId: ContextId): Promise<void> {
    await this.injector.loadEnhancersPerContext(wrapper, contextId, wrapper, [enhancer]);
    await this.injector.waitForDeferredLoads(contextId);
  }

  /** Runs `body` while an object stands for the instance of an enhancer that could not be made. */
  withStandIn<T>(wrapper: InstanceWrapper, enhancer: InstanceWrapper, contextId: ContextId, standIn: object, body: () => T): T {
    const holding = (this.injector as unknown as InjectorMembers).getContextId(contextId, enhancer);
    const made = { instance: standIn, isResolved: true, isPending: false, isConstructorCalled: true };
    enhancer.setInstanceByContextId(holding, made as never, wrapper.id);
    try {
      return body();
    } finally {
      enhancer.removeInstanceByContextId(holding, wrapper.id);
    }
  }
}

/** Options of a ClassSerializerInterceptor that leave members out by their names, or that make instances of a class. */
const OPTIONS_ABOUT_NAMES = ['excludePrefixes', 'strategy', 'excludeExtraneousValues', 'type'] as const;
type SerializerInterceptorOptions = Partial<Record<(typeof OPTIONS_ABOUT_NAMES)[number], unknown>>;

/** The members of a ClassSerializerInterceptor that are for its subclasses. */
interface SerializerMembers {
  readonly defaultOptions?: SerializerInterceptorOptions;
  getContextOptions(context: ExecutionContext): SerializerInterceptorOptions | undefined;
}

/** True when a ClassSerializerInterceptor looks at the names of the members of dicts. */
export function looksAtNames(serializer: object, context: ExecutionContext): boolean {
  const members = serializer as SerializerMembers;
  const options = { ...members.defaultOptions, ...members.getContextOptions(context) };
  return OPTIONS_ABOUT_NAMES.some((name) => options[name] !== undefined);
}

/** Guards, pipes, interceptors and filters of a wrapper's class and methods. */
export function enhancersOf(wrapper: InstanceWrapper): InstanceWrapper[] {
  return wrapper.getEnhancersMetadata() ?? [];
}

/** True when calls share the enhancers of a wrapper. Transient enhancers are not static: each host has its own. */
export function hasStaticEnhancers(wrapper: InstanceWrapper): boolean {
  return enhancersOf(wrapper).every((enhancer) => enhancer.isDependencyTreeStatic() && !enhancer.isTransient);
}

/** The exception filters of a wrapper's class and methods that are made for each call. */
export function scopedFiltersOf(wrapper: InstanceWrapper): InstanceWrapper[] {
  const isScoped = (enhancer: InstanceWrapper): boolean => !enhancer.isDependencyTreeStatic() || enhancer.isTransient;
  return enhancersOf(wrapper).filter((enhancer) => enhancer.subtype === 'filter' && isScoped(enhancer));
}

/** Instances of a wrapper that Nest has made completely in a context of this library. Makes none. */
export function existingInstances(wrapper: InstanceWrapper, contextId: ContextId): unknown[] {
  const hosts = wrapper.getExistingInstancesByContextId(contextId);
  // the constructor of an instance that is not resolved has not run yet
  return hosts.filter(({ isResolved }) => isResolved).map(({ instance }) => instance as unknown);
}

/** The wrappers that Nest injects into the constructor and the properties of a wrapper's class. */
export function dependenciesOf(wrapper: InstanceWrapper): InstanceWrapper[] {
  const properties = (wrapper.getPropertiesMetadata() ?? []).map(({ wrapper: dependency }) => dependency);
  return [...(wrapper.getCtorMetadata() ?? []), ...properties].filter((dependency) => dependency !== undefined);
}

/** The object of a `useValue` provider, or of a `useFactory` provider that Nest runs once. Undefined for other providers and values. */
export function givenInstance(wrapper: InstanceWrapper): object | undefined {
  if (!isGiven(wrapper)) return undefined;
  const instance = wrapper.instance as unknown;
  return typeof instance === 'object' && instance !== null ? instance : undefined;
}

/** True for a provider whose value or factory gives one object to the whole application. */
export function isGiven(wrapper: InstanceWrapper): boolean {
  return wrapper.isNotMetatype && wrapper.isDependencyTreeStatic();
}

/** The container of a context creator. */
export function containerOf(contexts: ExternalContextCreator): NestContainer {
  return (contexts as unknown as { container: NestContainer }).container;
}

/** The module whose `onModuleDestroy` hooks Nest runs first. @see NestApplicationContext.getModulesToTriggerHooksOn */
export function firstDestroyedModule(modules: ModulesContainer): Module | undefined {
  return [...modules.values()].sort((a, b) => b.distance - a.distance).at(-1);
}

/** Makes Nest run the lifecycle hooks of `value` before all other hooks of the module. */
export function addFirstHookOf(module: Module, token: symbol, value: object): void {
  if (module.providers.has(token)) return;
  module.addProvider({ provide: token, useValue: value });
  module.providers.get(token)!.hierarchyLevel = Number.MAX_SAFE_INTEGER;
}

/**
 * Makes Nest run the lifecycle hooks of an enhancer that is in no module: those that are still to come. They run after those of the
 * module's providers at the start, and before them at the end: the enhancer may depend on any of them.
 *
 * @returns takes the hooks away
 */
export function addHooksOf(module: Module, enhancer: object): () => void {
  const token = Symbol(enhancer.constructor.name);
  module.addInjectable({ provide: token, useValue: enhancer }, 'guard');
  // below the hooks of addFirstHookOf
  module.injectables.get(token)!.hierarchyLevel = Number.MAX_SAFE_INTEGER - 1;
  return () => module.injectables.delete(token);
}

/** Members of Nest's classes that this library calls or overrides, own and inherited. */
export const USED_OF_NEST: readonly [owner: { readonly prototype: object; readonly name: string }, members: readonly string[]][] =
  [
    [ExternalContextCreator, ['registerRequestProvider']],
    [ModulesContainer, ['getRpcTargetRegistry']],
    [NestContainer, ['applicationConfig', 'serializedGraph', 'contextOptions', 'replace']],
    [NestApplicationContext, ['close']],
    [NestMicroservice, ['listen']],
    [
      ApplicationConfig,
      [
        'getGlobalGuards',
        'getGlobalPipes',
        'getGlobalRequestPipes',
        'getGlobalInterceptors',
        'getGlobalFilters',
        'getGlobalPreRequestHooks',
      ],
    ],
    [SerializedGraph, ['getNodeById', 'insertEntrypoint']],
    [
      Injector,
      [
        'loadInstance',
        'loadEnhancersPerContext',
        'waitForDeferredLoads',
        'getContextId',
        'reflectConstructorParams',
        'reflectProperties',
      ],
    ],
    [
      Module,
      [
        'addProvider',
        'addInjectable',
        'getProviderByKey',
        'controllers',
        'providers',
        'injectables',
        'distance',
        'metatype',
        'name',
      ],
    ],
    [
      InstanceWrapper,
      [
        'getCtorMetadata',
        'getPropertiesMetadata',
        'getEnhancersMetadata',
        'getInstanceByContextId',
        'getExistingInstancesByContextId',
        'setInstanceByContextId',
        'removeInstanceByContextId',
        'isDependencyTreeStatic',
        'isDependencyTreeDurable',
        'isFactory',
        'isNotMetatype',
        'hierarchyLevel',
      ],
    ],
    [ExecutionContextHost, ['setType']],
    [GuardsContextCreator, ['create']],
    [InterceptorsContextCreator, ['create']],
    [PipesContextCreator, ['create', 'createConcreteContext', 'setModuleContext']],
    [ExceptionFiltersContext, ['create']],
    [RpcExceptionsHandler, ['invokeCustomFilters']],
    [ClientProxy, ['createPacket']],
    [ClassSerializerInterceptor, ['getContextOptions']],
    [ValidationPipe, ['toValidate']],
    [StandardSchemaValidationPipe, ['toValidate']],
  ];

/**
 * Checks that this version of Nest has all members of {@link USED_OF_NEST}.
 *
 * @throws {Error} with the names of missing members
 */
export function assertNestInternals(contexts: ExternalContextCreator): void {
  const missing = USED_OF_NEST.flatMap(([{ name, prototype }, members]) =>
    members.filter((member) => !(member in prototype)).map((member) => `${name}.${member}`),
  );
  const container = containerOf(contexts) as NestContainer | undefined;
  if (container?.getModules === undefined) missing.push('ExternalContextCreator.container');
  if (missing.length === 0) return;
  throw new Error(
    `nestjs-pyro does not fit this version of Nest: ${missing.join(', ')} missing; ` +
      'it is made for @nestjs/core and @nestjs/common ^12.2.0 and @nestjs/microservices ^12.0.4',
  );
}

/** The root module of the application. The first module of a container is Nest's own. */
export function rootModuleOf(modules: ModulesContainer): Module {
  const [core, root] = modules.values();
  return root ?? core!;
}
