import type { ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import { from, isObservable, mergeMap, type Observable, of } from 'rxjs';
import { noteArgument } from '../errors/failed-argument.js';
import { PyroException } from '../errors/pyro.exception.js';
import {
  type ApplicationConfig,
  ExceptionFiltersContext,
  ExecutionContextHost,
  FORBIDDEN_MESSAGE,
  GuardsConsumer,
  GuardsContextCreator,
  InterceptorsConsumer,
  InterceptorsContextCreator,
  type NestContainer,
  type ParamProperties,
  PipesConsumer,
  PipesContextCreator,
  RPC_PARAM_TYPES,
  RpcContextCreator,
  RpcExceptionsHandler,
  type RpcHandlerMetadata,
  RpcProxy,
} from '../nest-internals.js';
import type { Operation } from '../definition/object-definition.js';
import type { PlannedParameter } from '../definition/parameter-plan.js';
import { parameterTypesOf } from '../metadata/parameter-metadata.js';
import type { CallRecord } from './call-record.js';
import type { PyroContext } from '../context/pyro-context.js';
import { withStreams } from './result-serializers.js';

/** What the pipeline is called with: the bound arguments, the context, and our own notes. */
export type PipelineArguments = [args: unknown[], context: PyroContext, record: CallRecord];

/** A method with everything Nest runs around it. */
export interface Pipeline {
  run(...args: PipelineArguments): Promise<unknown>;
  /** What the exception filters make of an error that came after the method had returned. @throws the error when none fits */
  filter(error: unknown, args: PipelineArguments): Observable<unknown>;
}

type AnyMethod = (...args: unknown[]) => unknown;
type Extractor = (...args: PipelineArguments) => unknown;

interface FilledParameter extends ParamProperties<unknown, Extractor> {
  readonly label: string | undefined;
  /** Slot of the first argument of a rest parameter. */
  readonly restFrom: number | undefined;
  readonly isCustom: boolean;
  readonly metatype?: unknown;
}

/** What {@link PyroContextCreator} hands through Nest's `create` in place of default metadata. */
interface Request {
  operation: Operation;
  contextId: ContextId;
  inquirerId: string | undefined;
}

/** Makes pipelines: Nest's own for RPC, but with the method's own parameters and errors that stay what they are. */
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

  /** @param inquirerId needed for enhancers that are not static */
  createPipeline(instance: object, operation: Operation, moduleKey: string, contextId: ContextId, inquirerId?: string): Pipeline {
    const method = (instance as Record<string, unknown>)[operation.key] as (...args: unknown[]) => Observable<unknown>;
    const request: Request = { operation, contextId, inquirerId };
    const run = this.create(instance, method, moduleKey, operation.key, contextId, inquirerId, request) as Pipeline['run'];
    let handler: RpcExceptionsHandler | undefined;
    const filter: Pipeline['filter'] = (error, args) => {
      handler ??= this.filters.create(instance, method, moduleKey, contextId, inquirerId);
      return handler.handle(error as Error, rpcHost(args, instance, method));
    };
    return { run, filter };
  }

  /** Not what Nest finds in its metadata alone: parameters without decorators are arguments too. */
  override getMetadata(instance: object, methodName: string, request: Record<string, unknown>): RpcHandlerMetadata {
    const { operation, contextId, inquirerId } = request as unknown as Request;
    const { parameters } = operation;
    const method = (instance as Record<string, unknown>)[methodName] as AnyMethod;
    const paramtypes = parameterTypesOf(instance, methodName);
    const length = Math.max(0, ...parameters.map(({ index, source }) => (source.kind === 'rest' ? index : index + 1)));
    const getParamsMetadata = (moduleKey: string): FilledParameter[] => {
      this.pipes.setModuleContext(moduleKey);
      return parameters.map((parameter) => {
        const pipes = this.pipes.createConcreteContext<unknown[], PipeTransform[]>([...parameter.pipes], contextId, inquirerId);
        return filled(parameter, pipes, instance, method);
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
            if (name !== undefined) noteArgument(error, name, value);
            throw error;
          });
        const value = await extractValue(...(given as PipelineArguments));
        if (restFrom === undefined) {
          args[index] = await transform(value, about, label);
          return;
        }
        // some compilers give the type of the rest parameter itself, which is none of its items'
        const ofItem = metatype === Array ? { ...about, metatype: undefined } : about;
        const items = (value as unknown[]).map((item, offset) => transform(item, ofItem, `argument ${restFrom + offset + 1}`));
        place(args, index, await Promise.all(items));
      };
      await Promise.all(all.map(fill));
    };
  }

  /** A refusal is a PermissionError for the client, and an RpcException for filters. */
  override createGuardsFn<T extends string>(
    guards: never[],
    instance: object,
    callback: AnyMethod,
    contextType?: T,
  ): AnyMethod | null {
    if (guards.length === 0) return null;
    return async (args) => {
      const allowed = await this.guards.tryActivate(guards, args as unknown[], instance, callback, contextType);
      if (!allowed) throw new PyroException('builtins.PermissionError', [FORBIDDEN_MESSAGE]);
    };
  }
}

function rpcHost(args: PipelineArguments, instance: object, method: AnyMethod): ExecutionContextHost {
  const host = new ExecutionContextHost(args, instance.constructor as never, method);
  host.setType('rpc');
  return host;
}

function place(args: unknown[], index: number, values: readonly unknown[]): void {
  for (const [offset, value] of values.entries()) args[index + offset] = value;
}

function filled(
  { index, source, label, data, schema }: PlannedParameter,
  pipes: PipeTransform[],
  instance: object,
  method: AnyMethod,
): FilledParameter {
  const common = {
    index,
    label,
    data,
    pipes,
    schema,
    restFrom: undefined,
    isCustom: false,
    type: RPC_PARAM_TYPES.payload,
  } as Omit<FilledParameter, 'extractValue'>;
  switch (source.kind) {
    case 'argument': {
      const { slot } = source;
      return { ...common, extractValue: (args) => args[slot] };
    }
    case 'rest': {
      const { slot } = source;
      return { ...common, restFrom: slot, extractValue: (args) => args.slice(slot) };
    }
    case 'arguments':
      return { ...common, extractValue: (args) => args };
    case 'keywords':
      return { ...common, extractValue: (_args, _context, record) => ({ ...record.keywords }) };
    case 'context':
      return { ...common, type: RPC_PARAM_TYPES.context, extractValue: (_args, context) => context };
    case 'nothing':
      return { ...common, extractValue: () => undefined };
    case 'custom': {
      const { factory } = source;
      const extractValue: Extractor = (...args) => factory(data, rpcHost(args, instance, method) as unknown as ExecutionContext);
      return { ...common, type: 'custom', isCustom: true, extractValue };
    }
  }
}

/** Notes what the method returned before an interceptor makes an Observable of it. */
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

/** Nest's last resort turns every error into "Internal server error"; ours leaves it as it is. */
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
    // behind interceptors Nest would take a list or a text apart, and not wait for what a promise gives
    return from(Promise.resolve(handled)).pipe(mergeMap((answer) => (isObservable(answer) ? answer : of(answer))));
  }
}
