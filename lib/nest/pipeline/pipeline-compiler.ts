import type { PipeTransform } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import type { Operation } from '../definition/object-definition.js';
import { parameterTypesOf } from '../metadata/parameter-metadata.js';
import {
  type ApplicationConfig,
  ExceptionFiltersContext,
  GuardsContextCreator,
  InterceptorsContextCreator,
  type NestContainer,
  PipesContextCreator,
} from '../nest-internals.js';
import type { AnyMethod } from './call-record.js';
import { ExceptionFilters } from './exception-filters.js';
import { MethodArguments, type PipedParameter } from './method-arguments.js';
import { Pipeline } from './pipeline.js';
import { wrapSerializer } from './serializer-interceptors.js';
import { typeForPipes, typedArgument } from './typed-argument.js';

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
   * @param moduleKey the module that has the enhancers
   * @param contextId the context that has the instances of the enhancers
   * @param inquirerId needed where enhancers are not static
   */
  compile(instance: object, operation: Operation, moduleKey: string, contextId: ContextId, inquirerId?: string): Pipeline {
    const method = (instance as Record<string, unknown>)[operation.key] as AnyMethod;
    const where = [method as never, moduleKey, contextId, inquirerId] as const;
    return new Pipeline({
      method,
      prototype: Object.getPrototypeOf(instance) as object,
      hooks: this.config.getGlobalPreRequestHooks(),
      guards: this.guards.create(instance, ...where),
      interceptors: this.interceptors.create(instance, ...where).map(wrapSerializer),
      args: new MethodArguments(this.parametersOf(instance, method, operation, moduleKey, contextId, inquirerId), method),
      filters: new ExceptionFilters((failed) => this.filters.create(failed, ...where)),
      stream: operation.stream,
    });
  }

  /** The parameters of the method. Nest's metadata has only decorated parameters, but in a Pyro method all parameters take arguments. */
  private parametersOf(
    instance: object,
    method: AnyMethod,
    { key, parameters }: Operation,
    moduleKey: string,
    contextId: ContextId,
    inquirerId: string | undefined,
  ): PipedParameter[] {
    const types = parameterTypesOf(instance, key);
    const common = this.pipes.create(instance, method as never, moduleKey, contextId, inquirerId);
    this.pipes.setModuleContext(moduleKey);
    return parameters.map((plan) => {
      const own = this.pipes.createConcreteContext<unknown[], PipeTransform[]>([...plan.pipes], contextId, inquirerId);
      const metatype = types[plan.index];
      const label = plan.source.kind === 'keywords' ? 'keyword arguments' : plan.label;
      const typed = label === undefined ? undefined : typedArgument(plan.type, metatype, label);
      return { plan, metatype: typeForPipes(metatype), pipes: [...(typed === undefined ? [] : [typed]), ...common, ...own] };
    });
  }
}
