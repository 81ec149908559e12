import type { ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import type { Observable } from 'rxjs';
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
  PARAMTYPES_METADATA,
  PipesConsumer,
  PipesContextCreator,
  RPC_PARAM_TYPES,
  RpcContextCreator,
  RpcExceptionsHandler,
  type RpcHandlerMetadata,
  RpcProxy,
} from '../nest-internals.js';
import type { Operation } from '../objects/object-definition.js';
import type { PlannedParameter } from '../objects/parameter-plan.js';
import type { CallRecord } from './call-record.js';
import type { PyroContext } from './pyro-context.js';

/** What the pipeline is called with: the bound arguments, the context, and our own notes. */
export type PipelineArguments = [args: unknown[], context: PyroContext, record: CallRecord];

/** A method with everything Nest runs around it. */
export type Pipeline = (...args: PipelineArguments) => Promise<unknown>;

type AnyMethod = (...args: unknown[]) => unknown;
type Extractor = (...args: PipelineArguments) => unknown;

interface FilledParameter extends ParamProperties<unknown, Extractor> {
  readonly isRest: boolean;
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
  private readonly pipes: PipesContextCreator;
  private readonly guards: GuardsConsumer;

  constructor(container: NestContainer, config: ApplicationConfig) {
    const pipes = new PipesContextCreator(container, config);
    const guards = new GuardsConsumer();
    super(
      new RpcProxy(),
      new RethrowingFiltersContext(container, config),
      pipes,
      new PipesConsumer(),
      new GuardsContextCreator(container, config),
      guards,
      new InterceptorsContextCreator(container, config),
      new NotingInterceptorsConsumer(),
      config,
    );
    this.pipes = pipes;
    this.guards = guards;
  }

  /** @param inquirerId needed for enhancers that are not static */
  createPipeline(instance: object, operation: Operation, moduleKey: string, contextId: ContextId, inquirerId?: string): Pipeline {
    const method = (instance as Record<string, unknown>)[operation.key] as (...args: unknown[]) => Observable<unknown>;
    const request: Request = { operation, contextId, inquirerId };
    return this.create(instance, method, moduleKey, operation.key, contextId, inquirerId, request) as Pipeline;
  }

  /** Not what Nest finds in its metadata alone: parameters without decorators are arguments too. */
  override getMetadata(instance: object, methodName: string, request: Record<string, unknown>): RpcHandlerMetadata {
    const { operation, contextId, inquirerId } = request as unknown as Request;
    const { parameters } = operation;
    const method = (instance as Record<string, unknown>)[methodName] as AnyMethod;
    const paramtypes = (Reflect.getMetadata(PARAMTYPES_METADATA, instance, methodName) ?? []) as unknown[];
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
        for (const { extractValue, index, isRest } of all) {
          const value = extractValue(...(given as PipelineArguments));
          if (isRest) place(args, index, value as unknown[]);
          else args[index] = value;
        }
      };
    }
    return async (args, ...given) => {
      const fill = async ({
        extractValue,
        index,
        type,
        data,
        schema,
        metatype,
        pipes: own,
        isRest,
      }: FilledParameter): Promise<void> => {
        const about = { metatype, type, data, schema } as unknown as Parameters<typeof this.getParamValue>[1];
        const transforms = pipes.concat(own);
        const value = await extractValue(...(given as PipelineArguments));
        if (!isRest) {
          args[index] = await this.getParamValue(value, about, transforms);
          return;
        }
        // some compilers give the type of the rest parameter itself, which is none of its items'
        const ofItem = metatype === Array ? { ...about, metatype: undefined } : about;
        const values = await Promise.all((value as unknown[]).map((item) => this.getParamValue(item, ofItem, transforms)));
        place(args, index, values);
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

function place(args: unknown[], index: number, values: readonly unknown[]): void {
  for (const [offset, value] of values.entries()) args[index + offset] = value;
}

function filled(
  { index, source, data, schema }: PlannedParameter,
  pipes: PipeTransform[],
  instance: object,
  method: AnyMethod,
): FilledParameter {
  const common = { index, data, pipes, schema, isRest: false, isCustom: false, type: RPC_PARAM_TYPES.payload } as Omit<
    FilledParameter,
    'extractValue'
  >;
  switch (source.kind) {
    case 'argument': {
      const { slot } = source;
      return { ...common, extractValue: (args) => args[slot] };
    }
    case 'rest': {
      const { slot } = source;
      return { ...common, isRest: true, extractValue: (args) => args.slice(slot) };
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
      const extractValue: Extractor = (...args) => {
        const host = new ExecutionContextHost(args, instance.constructor as never, method);
        host.setType('rpc');
        return factory(data, host as unknown as ExecutionContext);
      };
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
      return super.intercept(interceptors, args, instance, callback, noting, type);
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
    const handled = this.handler.invokeCustomFilters(exception, host);
    if (handled) return handled;
    throw exception;
  }
}
