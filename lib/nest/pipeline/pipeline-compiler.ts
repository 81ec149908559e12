import type { PipeTransform, Type } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import type { ObjectDefinition, Operation } from '../definition/object-definition.js';
import {
  type ApplicationConfig,
  ExceptionFiltersContext,
  GuardsContextCreator,
  InterceptorsContextCreator,
  type NestContainer,
  PipesContextCreator,
} from '../nest-internals.js';
import { enhancerHolders, failedHolders } from './enhancer-holders.js';
import { ExceptionFilters } from './exception-filters.js';
import { MethodArguments, type PipedParameter } from './method-arguments.js';
import { Pipeline } from './pipeline.js';
import { wrapSerializer } from './serializer-interceptors.js';
import { typeForPipes, typedArgument } from '../validation/typed-argument.js';

/** Makes pipelines: asks Nest for the enhancers of a method, as Nest's `RpcContextCreator` does. */
export class PipelineCompiler {
  private readonly filters: ExceptionFiltersContext;
  private readonly guards: GuardsContextCreator;
  private readonly interceptors: InterceptorsContextCreator;
  private readonly pipes: PipesContextCreator;

  constructor(
    container: NestContainer,
    private readonly config: ApplicationConfig,
  ) {
    this.filters = new ExceptionFiltersContext(container, config);
    this.guards = new GuardsContextCreator(container, config);
    this.interceptors = new InterceptorsContextCreator(container, config);
    this.pipes = new PipesContextCreator(container, config);
  }

  /**
   * Makes the pipeline of a method.
   *
   * @param contextId the context that has the instances of the enhancers
   * @param inquirerId needed where enhancers are not static
   * @throws {Error} when the instance is of a class with enhancers that Nest does not know
   */
  compile(
    instance: object,
    operation: Operation,
    definition: ObjectDefinition,
    contextId: ContextId,
    inquirerId?: string,
  ): Pipeline {
    const { host, handler } = enhancerHolders(instance, operation, definition);
    const where = [handler as never, definition.wrapper.host!.token, contextId, inquirerId] as const;
    const common = this.pipes.create(host, ...where);
    const type = host.constructor as Type;
    return new Pipeline({
      type,
      handler,
      invoke: operation.invoke,
      prototype: Object.getPrototypeOf(instance) as object,
      hooks: this.config.getGlobalPreRequestHooks(),
      guards: this.guards.create(host, ...where),
      interceptors: this.interceptors.create(host, ...where).map(wrapSerializer),
      args: new MethodArguments(this.parametersOf(operation, definition, common, contextId, inquirerId), type, handler),
      filters: new ExceptionFilters(() => this.filters.create(host, ...where)),
      stream: operation.stream,
    });
  }

  /**
   * The exception filters of a method, for a call that has no pipeline, because its instance or an enhancer could not be made.
   *
   * @param contextId the context that has the instances of the filters
   */
  filtersOf(operation: Operation, definition: ObjectDefinition, contextId: ContextId, inquirerId?: string): ExceptionFilters {
    const { host, handler } = failedHolders(operation, definition);
    const found = this.filters.create(host, handler as never, definition.wrapper.host!.token, contextId, inquirerId);
    return new ExceptionFilters(() => found);
  }

  /** The parameters of the method. Nest's metadata has only decorated parameters, but in a Pyro method all parameters take arguments. */
  private parametersOf(
    { parameters, parameterTypes = [] }: Operation,
    { wrapper }: ObjectDefinition,
    common: PipeTransform[],
    contextId: ContextId,
    inquirerId: string | undefined,
  ): PipedParameter[] {
    this.pipes.setModuleContext(wrapper.host!.token);
    return parameters.map((plan) => {
      const own = this.pipes.createConcreteContext<unknown[], PipeTransform[]>([...plan.pipes], contextId, inquirerId);
      const metatype = parameterTypes[plan.index];
      const label = plan.source.kind === 'keywords' ? 'keyword arguments' : plan.label;
      const typed = label === undefined ? undefined : typedArgument(plan.type, metatype, label);
      return { plan, metatype: typeForPipes(metatype), pipes: [...(typed === undefined ? [] : [typed]), ...common, ...own] };
    });
  }
}
