import type { NestInterceptor, PipeTransform } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import { catchError, from, isObservable, mergeMap, type Observable, of } from 'rxjs';
import { refusedCall } from '../errors/guard-refusal.js';
import { answerOfFilter, noteRefusedArgument } from '../errors/python-error.js';
import {
  type ApplicationConfig,
  ExceptionFiltersContext,
  GuardsConsumer,
  GuardsContextCreator,
  InterceptorsConsumer,
  InterceptorsContextCreator,
  type NestContainer,
  type ParamProperties,
  PipesConsumer,
  PipesContextCreator,
  RpcContextCreator,
  RpcExceptionsHandler,
  type RpcHandlerMetadata,
  RpcProxy,
} from '../nest-internals.js';
import type { Operation } from '../definition/object-definition.js';
import { parameterTypesOf } from '../metadata/parameter-metadata.js';
import type { CallRecord, PipelineArguments } from './call-record.js';
import { type AnyMethod, type FilledParameter, filledParameter, rpcHost } from './filled-parameter.js';
import { withStreams } from './result-serializers.js';

/** A method with its guards, interceptors, pipes and filters. */
export interface Pipeline {
  run(...args: PipelineArguments): Promise<unknown>;
  /** Passes an error that came after the method had returned to the exception filters. @throws the error when no filter fits */
  filter(error: unknown, args: PipelineArguments): Observable<unknown>;
}

/** Passed through Nest's `create` to {@link PyroContextCreator.getMetadata}, in place of default metadata. */
interface PipelineRequest {
  operation: Operation;
  contextId: ContextId;
  inquirerId: string | undefined;
}

/** Makes pipelines as Nest's RpcContextCreator does, but with the method's own parameters, and with errors left as they are. */
export class PyroContextCreator extends RpcContextCreator {
  private readonly filters: ExceptionFiltersContext;
  private readonly pipes: PipesContextCreator;
  private readonly guards: GuardsConsumer;

  constructor(container: NestContainer, config: ApplicationConfig) {
    const filters = new RethrowingFiltersContext(container, config);
    const pipes = new PipesContextCreator(container, config);
    const guards = new GuardsConsumer();
    super(
      new RpcProxy(),
      filters,
      pipes,
      new PipesConsumer(),
      new GuardsContextCreator(container, config),
      guards,
      new InterceptorsContextCreator(container, config),
      new NotingInterceptorsConsumer(),
      config,
    );
    this.filters = filters;
    this.pipes = pipes;
    this.guards = guards;
  }

  /** @param inquirerId needed where enhancers are not static */
  createPipeline(instance: object, operation: Operation, moduleKey: string, contextId: ContextId, inquirerId?: string): Pipeline {
    const method = (instance as Record<string, unknown>)[operation.key] as (...args: unknown[]) => Observable<unknown>;
    const request: PipelineRequest = { operation, contextId, inquirerId };
    const run = this.create(instance, method, moduleKey, operation.key, contextId, inquirerId, request) as Pipeline['run'];
    let handler: RpcExceptionsHandler | undefined;
    const filter: Pipeline['filter'] = (error, args) => {
      handler ??= this.filters.create(instance, method, moduleKey, contextId, inquirerId);
      return handler.handle(error as Error, rpcHost(args, instance, method));
    };
    return { run, filter };
  }

  /** Nest's own metadata has only decorated parameters; here all parameters of the method take arguments. */
  override getMetadata(instance: object, methodName: string, request: Record<string, unknown>): RpcHandlerMetadata {
    const { operation, contextId, inquirerId } = request as unknown as PipelineRequest;
    const { parameters } = operation;
    const method = (instance as Record<string, unknown>)[methodName] as AnyMethod;
    const paramtypes = parameterTypesOf(instance, methodName);
    const length = Math.max(0, ...parameters.map(({ index, source }) => (source.kind === 'rest' ? index : index + 1)));
    const getParamsMetadata = (moduleKey: string): FilledParameter[] => {
      this.pipes.setModuleContext(moduleKey);
      return parameters.map((parameter) => {
        const pipes = this.pipes.createConcreteContext<unknown[], PipeTransform[]>([...parameter.pipes], contextId, inquirerId);
        return filledParameter(parameter, pipes, instance, method);
      });
    };
    return { argsLength: length, paramtypes, getParamsMetadata };
  }

  override createPipesFn(
    pipes: PipeTransform[],
    parameters: ParamProperties[],
  ): (args: unknown[], ...params: unknown[]) => Promise<void> {
    const all = parameters as FilledParameter[];
    const plain = pipes.length === 0 && all.every((parameter) => parameter.pipes.length === 0 && !parameter.isCustom);
    if (plain) {
      return async (args, ...given) => {
        for (const { extractValue, index, restFrom } of all) {
          const value = extractValue(...(given as PipelineArguments));
          if (restFrom === undefined) args[index] = value;
          else place(args, index, value as unknown[]);
        }
      };
    }
    return async (args, ...given) => {
      const fill = async (parameter: FilledParameter): Promise<void> => {
        const { extractValue, index, type, data, schema, metatype, label, restFrom } = parameter;
        const about = { metatype, type, data, schema } as unknown as Parameters<typeof this.getParamValue>[1];
        const transforms = pipes.concat(parameter.pipes);
        const transform = (value: unknown, metadata: typeof about, name: string | undefined): Promise<unknown> =>
          this.getParamValue(value, metadata, transforms).catch((error: unknown) => {
            if (name !== undefined) noteRefusedArgument(error, name, value);
            throw error;
          });
        const value = await extractValue(...(given as PipelineArguments));
        if (restFrom === undefined) {
          args[index] = await transform(value, about, label);
          return;
        }
        // some compilers emit the type of the rest parameter itself: it is not the type of its items
        const ofItem = metatype === Array ? { ...about, metatype: undefined } : about;
        const items = (value as unknown[]).map((item, offset) => transform(item, ofItem, `argument ${restFrom + offset + 1}`));
        place(args, index, await Promise.all(items));
      };
      await Promise.all(all.map(fill));
    };
  }

  override createGuardsFn<T extends string>(
    guards: never[],
    instance: object,
    callback: AnyMethod,
    contextType?: T,
  ): AnyMethod | null {
    if (guards.length === 0) return null;
    return async (args) => {
      const allowed = await this.guards.tryActivate(guards, args as unknown[], instance, callback, contextType);
      if (!allowed) throw refusedCall();
    };
  }
}

function place(args: unknown[], index: number, values: readonly unknown[]): void {
  for (const [offset, value] of values.entries()) args[index + offset] = value;
}

/** Notes the result of the method before interceptors make an Observable of it. */
class NotingInterceptorsConsumer extends InterceptorsConsumer {
  override async intercept<T extends string>(
    interceptors: NestInterceptor[],
    args: unknown[],
    instance: object,
    callback: AnyMethod,
    next: () => Promise<unknown>,
    type?: T,
  ): Promise<unknown> {
    const record = args[2] as CallRecord;
    if (interceptors.length > 0) {
      const noting = (): Promise<unknown> => next().then((result) => record.note(result));
      return super.intercept(interceptors.map(withStreams), args, instance, callback, noting, type);
    }
    return record.note(await next());
  }
}

/** Nest's default filter turns every error into "Internal server error"; this one throws the error as it is. */
class RethrowingFiltersContext extends ExceptionFiltersContext {
  override create(...args: Parameters<ExceptionFiltersContext['create']>): RpcExceptionsHandler {
    return new RethrowingExceptionsHandler(super.create(...args));
  }
}

class RethrowingExceptionsHandler extends RpcExceptionsHandler {
  constructor(private readonly handler: RpcExceptionsHandler) {
    super();
  }

  override handle(exception: Error, host: Parameters<RpcExceptionsHandler['handle']>[1]): Observable<unknown> {
    const handled: unknown = this.handler.invokeCustomFilters(exception, host);
    if (!handled) throw exception;
    // Nest would split a list or a text that a filter returns, and would not wait for a promise
    return from(Promise.resolve(handled)).pipe(
      mergeMap((answer) => (isObservable(answer) ? answer : of(answer))),
      catchError((error: unknown) => {
        throw answerOfFilter(error);
      }),
    );
  }
}
