import { HttpException } from '@nestjs/common';
import type { ContextId } from '@nestjs/core';
import { RpcException } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import type { ObjectDefinition, Operation } from '../definition/object-definition.js';
import type { OnFailure } from '../errors/failures.js';
import { accidentOf, isAccident } from '../errors/guard-refusal.js';
import { ConnectFailure } from '../instances/connect-failure.js';
import type { ObjectContexts } from '../instances/object-contexts.js';
import { type ContextualLoader, type InstanceWrapper, scopedFiltersOf, STATIC_CONTEXT } from '../nest-internals.js';
import type { CallRecord } from '../pipeline/call-record.js';
import type { ExceptionFilters } from '../pipeline/exception-filters.js';
import type { PipelineCompiler } from '../pipeline/pipeline-compiler.js';
import { recovered } from '../pipeline/pipeline-result.js';

/** A filter that could not be made. */
interface UnmadeFilter {
  readonly filter: InstanceWrapper;
  readonly standIn: object;
}

/**
 * Answers the calls of an object that have no pipeline, because the instance or an enhancer could not be made, or because `onPyroConnect`
 * failed. As in Nest, the exception filters of the method see the error.
 */
export class UnmadeCalls {
  private readonly found = new Map<Operation, ExceptionFilters>();
  private scopedFilters: InstanceWrapper[] | undefined;

  constructor(
    private readonly definition: ObjectDefinition,
    private readonly compiler: PipelineCompiler,
    private readonly loader: ContextualLoader,
    private readonly contexts: ObjectContexts,
    private readonly onFailure: OnFailure,
  ) {}

  /** The answer of the filter that takes the error. @throws the error for the client when no filter takes it */
  async answer(error: unknown, operation: Operation, record: CallRecord): Promise<unknown> {
    const isOfHook = error instanceof ConnectFailure;
    const thrown = isOfHook ? error.thrown : error;
    const filters = await this.filtersOf(operation, record);
    try {
      return await recovered(thrown, filters, operation.stream, record);
    } catch (failure) {
      // as at the handshake that names the object: the hook decides who may use the object
      if (isOfHook && failure === thrown && isAccident(thrown)) throw this.accident(thrown);
      throw failure;
    }
  }

  private accident(error: unknown): Error {
    return accidentOf(error, `the session of ${this.definition.type.name}`, this.onFailure);
  }

  private async filtersOf(operation: Operation, record: CallRecord): Promise<ExceptionFilters> {
    this.scopedFilters ??= scopedFiltersOf(this.definition.wrapper);
    if (this.scopedFilters.length > 0) return this.filtersOfCall(this.scopedFilters, operation, record);
    const known = this.found.get(operation);
    if (known !== undefined) return known;
    const filters = this.compiler.filtersOf(operation, this.definition, STATIC_CONTEXT);
    this.found.set(operation, filters);
    return filters;
  }

  /** The filters of one call, made in a context of their own: the context of the call has instances that are disposed by now. */
  private async filtersOfCall(
    scoped: readonly InstanceWrapper[],
    operation: Operation,
    record: CallRecord,
  ): Promise<ExceptionFilters> {
    const { definition, compiler } = this;
    const contextId = this.contexts.create(record.context);
    const made = await Promise.all(scoped.map((filter) => this.make(filter, contextId, record)));
    const unmade = made.filter((each) => each !== undefined);
    const find = (index: number): ExceptionFilters => {
      const each = unmade[index];
      if (each === undefined) return compiler.filtersOf(operation, definition, contextId, definition.wrapper.id);
      return this.loader.withStandIn(definition.wrapper, each.filter, contextId, each.standIn, () => find(index + 1));
    };
    return find(0);
  }

  /** @returns undefined when the filter could be made */
  private async make(filter: InstanceWrapper, contextId: ContextId, record: CallRecord): Promise<UnmadeFilter | undefined> {
    try {
      await this.loader.loadEnhancer(this.definition.wrapper, filter, contextId);
      return undefined;
    } catch (error) {
      this.onFailure(`the making of ${filter.name}`, error);
      return { filter, standIn: this.standInOf(filter, record) };
    }
  }

  /**
   * Stands for a filter that could not be made, and catches the errors that the filter would catch: the client reads nothing that the filter
   * may have hidden. What is made for clients stays as it is.
   */
  private standInOf({ isNotMetatype, metatype }: InstanceWrapper, { context }: CallRecord): object {
    const what = `the call ${context.getPattern()}`;
    const catches = (error: unknown): unknown =>
      error instanceof HttpException || error instanceof RpcException
        ? undefined
        : throwError(() => accidentOf(error, what, this.onFailure));
    const prototype = isNotMetatype ? Object.prototype : (metatype!.prototype as object);
    return Object.create(prototype, { catch: { value: catches } }) as object;
  }
}
