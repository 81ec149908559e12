import type { CanActivate, NestInterceptor, PreRequestHook, Type } from '@nestjs/common';
import { catchError, isObservable, Observable } from 'rxjs';
import { isThenable } from '../../calls/thenable.js';
import type { PyroStreamOptions } from '../metadata/member-metadata.js';
import type { AnyMethod } from '../definition/object-definition.js';
import { refusedCall } from '../errors/guard-refusal.js';
import type { CallRecord } from './call-record.js';
import { type BegunRest, DeferredRest, InterceptorAnswer, type ResultReader } from './deferred-rest.js';
import type { ExceptionFilters } from './exception-filters.js';
import { askGuards } from './guards.js';
import { InterceptorChain } from './interceptor-chain.js';
import type { MethodArguments } from './method-arguments.js';
import { recovered, settleObservable, streamOfResult } from './pipeline-result.js';

/** Everything that Nest puts around a method. */
export interface PipelineParts {
  /** The class that has the enhancers: enhancers get it by `context.getClass()`. */
  readonly type: Type;
  /** The function that has the enhancers: enhancers get it by `context.getHandler()`. */
  readonly handler: AnyMethod;
  /** Runs the method of an instance. */
  readonly invoke: (instance: object, args: unknown[]) => unknown;
  /** The prototype of the instances: its class has the enhancers. */
  readonly prototype: object;
  readonly hooks: readonly PreRequestHook[];
  readonly guards: readonly CanActivate[];
  readonly interceptors: readonly NestInterceptor[];
  readonly args: MethodArguments;
  readonly filters: ExceptionFilters;
  readonly stream: Required<PyroStreamOptions> | undefined;
}

/**
 * A method with its pre-request hooks, guards, interceptors, pipes and exception filters, in the order of Nest's `RpcContextCreator`.
 * Runs synchronously up to the first promise.
 */
export class Pipeline {
  private readonly chain: InterceptorChain | undefined;

  constructor(private readonly parts: PipelineParts) {
    if (parts.interceptors.length > 0) this.chain = new InterceptorChain(parts.interceptors, (record) => this.callMethod(record));
  }

  /** True when the pipeline belongs to the class of the instance: another class has other enhancers. */
  fits(instance: object): boolean {
    return Object.getPrototypeOf(instance) === this.parts.prototype;
  }

  /**
   * Runs a call.
   *
   * @returns the result, or a `CallStream` of its items; a promise when something has to be waited for
   * @throws the error when no exception filter takes it
   */
  run(record: CallRecord): unknown {
    try {
      if (this.parts.hooks.length > 0) return this.settle(this.runHooks(record), record);
      const isAllowed = this.askGuards(record);
      if (isAllowed instanceof Promise) return this.runLater(isAllowed, record);
      return this.settle(this.runAllowed(isAllowed, record), record);
    } catch (error) {
      return this.recover(error, record);
    }
  }

  /** As {@link run}. A store that an interceptor enters holds in this continuation: the answer is subscribed to here. */
  private async runLater(isAllowed: Promise<boolean>, record: CallRecord): Promise<unknown> {
    try {
      return this.settle(this.runAllowed(await isAllowed, record), record);
    } catch (error) {
      return this.recover(error, record);
    }
  }

  /** Runs the pre-request hooks. Each hook wraps the next, and the last hook wraps the guards and the rest of the pipeline. */
  private runHooks(record: CallRecord): unknown {
    const { hooks, handler, type } = this.parts;
    const begin = (): BegunRest => {
      const isAllowed = this.askGuards(record);
      return { finish: (reader) => this.runAllowed(isAllowed, record, reader) };
    };
    const rest = new DeferredRest({ begin }, (body) => body(), record, false);
    const context = record.host(type, handler);
    let index = 0;
    const next = (): Observable<unknown> => (index < hooks.length ? hooks[index++]!(context, next) : rest.observable);
    const answer = next();
    return rest.isPassedOn(answer) ? rest.run(undefined) : answer;
  }

  private askGuards(record: CallRecord): boolean | Promise<boolean> {
    const { guards, handler, type } = this.parts;
    return guards.length === 0 || askGuards(guards, record.host(type, handler), record);
  }

  /** @param reader a pre-request hook, which may have given the call up while a guard was asked */
  private runAllowed(isAllowed: boolean | Promise<boolean>, record: CallRecord, reader?: ResultReader): unknown {
    if (isAllowed === true) return reader?.closed ? undefined : this.runInterceptors(record);
    if (isAllowed === false) throw refusedCall();
    return isAllowed.then((allowed) => this.runAllowed(allowed, record, reader));
  }

  private runInterceptors(record: CallRecord): unknown {
    return this.chain === undefined
      ? this.callMethod(record)
      : this.chain.run(record.host(this.parts.type, this.parts.handler), record);
  }

  private callMethod(record: CallRecord): unknown {
    const { invoke, args } = this.parts;
    const values = args.for(record);
    if (values instanceof Promise) return this.callLater(values, record);
    const result = invoke(record.instance, values);
    return isThenable(result) ? Promise.resolve(result).then((awaited) => record.note(awaited)) : record.note(result);
  }

  private async callLater(values: Promise<unknown[]>, record: CallRecord): Promise<unknown> {
    return record.note(await this.parts.invoke(record.instance, await values));
  }

  /** The result of the call from a result of the method or of its interceptors. */
  private settle(result: unknown, record: CallRecord): unknown {
    if (typeof result !== 'object' || result === null) return result;
    if (isThenable(result))
      return Promise.resolve(result).then(
        (awaited) => this.settle(awaited, record),
        (error: unknown) => this.recover(error, record),
      );
    const source = result instanceof InterceptorAnswer ? result.observable : result;
    if (!isObservable(source)) return this.streamOf(source, record);
    return this.settleObservable(source.pipe(catchError((error) => this.parts.filters.answer(error, record))), record);
  }

  /** The result of the call after an error: the answer of an exception filter. */
  private recover(error: unknown, record: CallRecord): unknown {
    return recovered(error, this.parts.filters, this.parts.stream, record);
  }

  private settleObservable(source: Observable<unknown>, record: CallRecord): Promise<unknown> {
    return settleObservable(source, this.parts.stream, record).then((result) => this.streamOf(result, record));
  }

  private streamOf(result: unknown, record: CallRecord): unknown {
    return streamOfResult(result, record, this.parts.filters) ?? result;
  }
}
