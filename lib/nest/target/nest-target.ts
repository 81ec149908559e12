import type { CallContext } from '../../daemon/contract/call-context.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import type { PyroConnection } from '../../daemon/contract/connection.js';
import type { Authorization, AuthorizeRequest } from '../../daemon/contract/authorization.js';
import type { ObjectMetadata, PyroTarget } from '../../daemon/contract/target.js';
import { attributeError } from '../../protocol/python-exception.js';
import { CallRecord, type PipelineArguments } from '../pipeline/call-record.js';
import { PyroContext } from '../context/pyro-context.js';
import type { Pipeline, PyroContextCreator } from '../pipeline/pyro-context-creator.js';
import { toPythonError } from '../errors/python-error.js';
import type { HandshakeRunner } from '../handshake/handshake-runner.js';
import { refusalOf } from '../errors/guard-refusal.js';
import { type InstanceHolder, InstanceManager } from '../instances/instance-manager.js';
import type { OnFailure } from '../errors/failures.js';
import { ObjectContexts, type RegisterRequest } from '../instances/object-contexts.js';
import { type ContextualLoader, enhancersOf, givenInstance, isGiven, STATIC_CONTEXT } from '../nest-internals.js';
import { settleResult, streamOfResult } from '../pipeline/pipeline-result.js';
import type { ObjectDefinition, Operation } from '../definition/object-definition.js';

/** Runs a call between Nest's processing hooks. `run` gets a function that it has to call when the call has ended. */
export type ProcessingHooks = <T>(context: PyroContext, run: (end: () => void) => Promise<T>) => Promise<T>;

/** Shared by all targets of one server in one container. */
export interface TargetEnvironment {
  readonly contextCreator: PyroContextCreator;
  readonly loader: ContextualLoader;
  readonly registerRequest: RegisterRequest;
  /** The daemon that serves the targets. */
  readonly daemon: () => PyroDaemon;
  /** Undefined when no hook was set. */
  readonly hooks: () => ProcessingHooks | undefined;
  readonly onFailure: OnFailure;
}

const NO_KEYWORDS = {};

/** The target of a `@PyroController`: runs the calls of the daemon through Nest's pipeline. */
export class NestTarget implements PyroTarget {
  readonly authorize: ((request: AuthorizeRequest) => Promise<Authorization>) | undefined;
  private readonly contexts: ObjectContexts;
  private readonly instances: InstanceManager;
  private readonly moduleKey: string;
  private staticEnhancers: boolean | undefined;

  constructor(
    readonly definition: ObjectDefinition,
    private readonly environment: TargetEnvironment,
    guards: HandshakeRunner | undefined,
  ) {
    const { loader, registerRequest, daemon, onFailure } = environment;
    this.contexts = new ObjectContexts(definition.wrapper, registerRequest);
    this.instances = new InstanceManager(definition, loader, this.contexts, daemon, onFailure);
    this.moduleKey = definition.wrapper.host!.token;
    this.authorize = guards && ((request) => guards.run(request));
  }

  get metadata(): ObjectMetadata {
    return this.definition.metadata;
  }

  /** Undefined for a given object: another object of its class is another Pyro object, or none. */
  get type(): ObjectDefinition['type'] | undefined {
    return isGiven(this.definition.wrapper) ? undefined : this.definition.type;
  }

  get instance(): object | undefined {
    return givenInstance(this.definition.wrapper);
  }

  isCallback(method: string): boolean {
    return this.definition.callbacks.has(method);
  }

  invoke(method: string, args: unknown[], kwargs: Record<string, unknown>, call: CallContext): Promise<unknown> {
    return this.run(this.definition.methods.get(method)!, args, kwargs, call);
  }

  getAttribute(name: string, call: CallContext): Promise<unknown> {
    const operation = this.definition.getters.get(name);
    if (operation === undefined) throw attributeError(`attempt to read write-only remote attribute '${name}'`);
    return this.run(operation, [], NO_KEYWORDS, call);
  }

  async setAttribute(name: string, value: unknown, call: CallContext): Promise<void> {
    const operation = this.definition.setters.get(name);
    if (operation === undefined) throw attributeError(`attempt to write read-only remote attribute '${name}'`);
    await this.run(operation, [value], NO_KEYWORDS, call);
  }

  async connected(connection: PyroConnection): Promise<void> {
    try {
      await this.instances.connect(connection);
    } catch (error) {
      throw refusalOf(error, `the session of ${this.definition.type.name}`, this.environment.onFailure);
    }
  }

  /** Starts the periodic work of the object's instances. */
  runHousekeeping(): void {
    this.instances.runHousekeeping();
  }

  connectionEnded(connection: PyroConnection, streamsEnded: Promise<void>): Promise<void> {
    return this.instances.endConnection(connection, streamsEnded);
  }

  released(): Promise<void> {
    return this.instances.endAll();
  }

  private async run(operation: Operation, args: unknown[], kwargs: Record<string, unknown>, call: CallContext): Promise<unknown> {
    const bound = operation.binder.bind(args, kwargs);
    const context = PyroContext.of(call);
    const record = new CallRecord(bound.keywords);
    const hooks = this.environment.hooks();
    try {
      if (hooks === undefined && !this.instances.isPerCall) {
        const known = this.instances.forCall(context);
        const holder = known instanceof Promise ? await known : known;
        const prepared = this.pipelineFor(operation, context, holder);
        // no further `await`: calls that waited for the instance together would lose their order
        const pipeline = prepared instanceof Promise ? await prepared : prepared;
        const pipelineArgs: PipelineArguments = [bound.args, context, record];
        const passed = settleResult(await pipeline.run(...pipelineArgs), operation.stream, record, context);
        const result = passed instanceof Promise ? await passed : passed;
        return streamOfResult(result, pipeline, pipelineArgs) ?? result;
      }
      return await this.runWithEnd(operation, bound.args, context, record, hooks ?? withoutHooks);
    } catch (error) {
      throw toPythonError(error);
    }
  }

  /** Runs a call that has work to do at its end, or at the end of its stream: hooks, and the disposal of a percall instance. */
  private runWithEnd(
    operation: Operation,
    args: unknown[],
    context: PyroContext,
    record: CallRecord,
    hooks: ProcessingHooks,
  ): Promise<unknown> {
    return hooks(context, async (endHook) => {
      let holder: InstanceHolder | undefined;
      const end = async (): Promise<void> => {
        if (holder && this.instances.isPerCall) await this.instances.endCall(holder);
        endHook();
      };
      let isStream = false;
      try {
        holder = await this.instances.forCall(context);
        const pipeline = await this.pipelineFor(operation, context, holder);
        const pipelineArgs: PipelineArguments = [args, context, record];
        const result = await settleResult(await pipeline.run(...pipelineArgs), operation.stream, record, context);
        const stream = streamOfResult(result, pipeline, pipelineArgs, end);
        isStream = stream !== undefined;
        return stream ?? result;
      } finally {
        if (!isStream) await end();
      }
    });
  }

  /** The pipeline around an instance. Enhancers that are not static are made in a context of the call. */
  private pipelineFor(operation: Operation, context: PyroContext, holder: InstanceHolder): Pipeline | Promise<Pipeline> {
    const known = holder.pipelines.get(operation);
    if (known) return known;
    if (this.hasStaticEnhancers) {
      const pipeline = this.environment.contextCreator.createPipeline(holder.instance, operation, this.moduleKey, STATIC_CONTEXT);
      holder.pipelines.set(operation, pipeline);
      return pipeline;
    }
    return this.pipelineOfCall(operation, context, holder);
  }

  private async pipelineOfCall(operation: Operation, context: PyroContext, holder: InstanceHolder): Promise<Pipeline> {
    const { contextCreator, loader } = this.environment;
    const { wrapper } = this.definition;
    const isOwnContext = this.instances.isPerCall && holder.contextId !== undefined;
    const contextId = isOwnContext ? holder.contextId : this.contexts.create(context);
    await loader.loadEnhancers(wrapper, contextId);
    return contextCreator.createPipeline(holder.instance, operation, this.moduleKey, contextId, wrapper.id);
  }

  /** Transient enhancers are not static: each host has its own. */
  private get hasStaticEnhancers(): boolean {
    this.staticEnhancers ??= enhancersOf(this.definition.wrapper).every(
      (enhancer) => enhancer.isDependencyTreeStatic() && !enhancer.isTransient,
    );
    return this.staticEnhancers;
  }
}

const withoutHooks: ProcessingHooks = (_context, run) => run(() => undefined);
