import type { ObjectDefinition, Operation } from '../definition/object-definition.js';
import { type ContextualLoader, hasStaticEnhancers, STATIC_CONTEXT } from '../nest-internals.js';
import type { InstanceHolder } from '../instances/instance-holder.js';
import type { ObjectContexts } from '../instances/object-contexts.js';
import type { CallRecord } from '../pipeline/call-record.js';
import type { PipelineCompiler } from '../pipeline/pipeline-compiler.js';
import type { Pipeline } from '../pipeline/pipeline.js';

/** The pipelines of one object. Instances of one class share the pipeline of a method, unless an enhancer is made for each call. */
export class ObjectPipelines {
  private readonly compiled = new Map<Operation, Pipeline>();
  private staticEnhancers: boolean | undefined;

  constructor(
    private readonly definition: ObjectDefinition,
    private readonly compiler: PipelineCompiler,
    private readonly loader: ContextualLoader,
    private readonly contexts: ObjectContexts,
  ) {}

  /** The pipeline of a call. A promise when enhancers have to be made for the call. */
  for(operation: Operation, holder: InstanceHolder, record: CallRecord): Pipeline | Promise<Pipeline> {
    const known = this.compiled.get(operation);
    if (known?.fits(holder.instance)) return known;
    if (!this.hasStaticEnhancers) return this.pipelineOfCall(operation, holder, record);
    const pipeline = this.compiler.compile(holder.instance, operation, this.definition, STATIC_CONTEXT);
    this.compiled.set(operation, pipeline);
    return pipeline;
  }

  /** The pipeline of one call, whose enhancers are made in the context of a percall instance, or else in a new context. */
  private async pipelineOfCall(operation: Operation, holder: InstanceHolder, record: CallRecord): Promise<Pipeline> {
    const { instanceMode, wrapper } = this.definition;
    const own = instanceMode === 'percall' ? holder.contextId : undefined;
    const contextId = own ?? this.contexts.create(record.context);
    await this.loader.loadEnhancers(wrapper, contextId);
    return this.compiler.compile(holder.instance, operation, this.definition, contextId, wrapper.id);
  }

  private get hasStaticEnhancers(): boolean {
    this.staticEnhancers ??= hasStaticEnhancers(this.definition.wrapper);
    return this.staticEnhancers;
  }
}
