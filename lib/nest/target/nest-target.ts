import type { CallContext } from '../../daemon/contract/call-context.js';
import type { PyroDaemon } from '../../pyro/pyro-daemon.js';
import type { PyroConnection } from '../../daemon/contract/connection.js';
import type { Authorization, AuthorizeRequest } from '../../daemon/contract/authorization.js';
import type { ObjectMetadata, PyroTarget } from '../../daemon/contract/target.js';
import type { TargetDescription } from '../../daemon/contract/snapshot.js';
import { DaemonError } from '../../protocol/errors.js';
import { readOnlyError, writeOnlyError } from '../../daemon/object/exposed-object.js';
import { CallRecord } from '../pipeline/call-record.js';
import type { PyroContext } from '../context/pyro-context.js';
import type { PipelineCompiler } from '../pipeline/pipeline-compiler.js';
import { toPythonError } from '../errors/python-error.js';
import type { HandshakeRunner } from '../handshake/handshake-runner.js';
import { refusalOf } from '../errors/guard-refusal.js';
import { ConnectFailure } from '../instances/connect-failure.js';
import type { InstanceHolder } from '../instances/instance-holder.js';
import { ObjectInstances } from '../instances/object-instances.js';
import type { OnFailure } from '../errors/failures.js';
import { ObjectContexts, type RegisterRequest } from '../instances/object-contexts.js';
import { type ContextualLoader, givenInstance, isGiven } from '../nest-internals.js';
import type { ObjectDefinition, Operation } from '../definition/object-definition.js';
import { describeObject } from '../definition/describe-object.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { ObjectPipelines } from './object-pipelines.js';
import { UnmadeCalls } from './unmade-calls.js';

/** Runs a call between Nest's processing hooks. `run` gets a function that it has to call when the call has ended. */
export type ProcessingHooks = (context: PyroContext, run: (end: () => void) => Promise<unknown>) => Promise<unknown>;

/** Shared by all targets of one server in one container. */
export interface TargetEnvironment {
  readonly compiler: PipelineCompiler;
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
  private description: TargetDescription | undefined;
  private readonly instances: ObjectInstances;
  private readonly pipelines: ObjectPipelines;
  private readonly unmade: UnmadeCalls;

  constructor(
    readonly definition: ObjectDefinition,
    private readonly environment: TargetEnvironment,
    guards: HandshakeRunner | undefined,
  ) {
    const { compiler, loader, registerRequest, daemon, onFailure } = environment;
    const contexts = new ObjectContexts(definition.wrapper, registerRequest);
    this.instances = new ObjectInstances(definition, loader, contexts, daemon, onFailure);
    this.pipelines = new ObjectPipelines(definition, compiler, loader, contexts);
    this.unmade = new UnmadeCalls(definition, compiler, loader, contexts, onFailure);
    this.authorize = guards && ((request) => guards.run(request));
  }

  get metadata(): ObjectMetadata {
    return this.definition.metadata;
  }

  /** Undefined for a given object, because its class may have other objects, which do not travel as proxies of this object. */
  get type(): ObjectDefinition['type'] | undefined {
    return isGiven(this.definition.wrapper) ? undefined : this.definition.instanceType;
  }

  get instance(): object | undefined {
    return givenInstance(this.definition.wrapper);
  }

  describe(): TargetDescription {
    return (this.description ??= describeObject(this.definition));
  }

  isCallback(method: string): boolean {
    return this.definition.callbacks.has(method);
  }

  invoke(method: string, args: unknown[], kwargs: Record<string, unknown>, call: CallContext): unknown {
    return this.run(this.definition.methods.get(method)!, args, kwargs, call);
  }

  getAttribute(name: string, call: CallContext): unknown {
    const operation = this.definition.getters.get(name);
    if (operation === undefined) throw writeOnlyError(name);
    return this.run(operation, [], NO_KEYWORDS, call);
  }

  setAttribute(name: string, value: unknown, call: CallContext): unknown {
    const operation = this.definition.setters.get(name);
    if (operation === undefined) throw readOnlyError(name);
    const result = this.run(operation, [value], NO_KEYWORDS, call);
    // an interceptor may have given a result, but a write has none
    return result instanceof Promise ? result.then(() => undefined) : undefined;
  }

  connected(connection: PyroConnection): Promise<void> | undefined {
    return this.instances.connect(connection)?.catch((error: unknown) => {
      const thrown: unknown = error instanceof ConnectFailure ? error.thrown : error;
      throw refusalOf(thrown, `the session of ${this.definition.type.name}`, this.environment.onFailure);
    });
  }

  /** The server listens: it keeps the single instance until {@link released}. */
  keepSingle(): void {
    this.instances.keepSingle();
  }

  /** Starts the periodic work of the object's instances. */
  runHousekeeping(): void {
    this.instances.runHousekeeping();
  }

  /** Undefined when the object keeps nothing for a connection: the connection then need not hold the object. */
  get connectionEnded(): PyroTarget['connectionEnded'] {
    return this.instances.followsConnections ? this.endConnection : undefined;
  }

  private readonly endConnection: PyroTarget['connectionEnded'] = (connection, streamsEnded) =>
    this.instances.endConnection(connection, streamsEnded);

  released(): Promise<void> {
    return this.instances.endAll();
  }

  /** Serves every call. Returns a promise only when something has to be waited for. */
  private run(operation: Operation, args: unknown[], kwargs: Record<string, unknown>, call: CallContext): unknown {
    const record = new CallRecord(call, operation.binder.bind(args, kwargs), this.environment.onFailure);
    try {
      const result = this.serveBetweenHooks(operation, record);
      return result instanceof Promise
        ? result.then(
            (value) => answered(value, record),
            (error: unknown) => throwPythonError(error, record),
          )
        : result;
    } catch (error) {
      return throwPythonError(error, record);
    }
  }

  private serveBetweenHooks(operation: Operation, record: CallRecord): unknown {
    const hooks = this.environment.hooks();
    if (hooks !== undefined)
      return hooks(record.context, async (endHook) => {
        record.atEnd(endHook);
        return this.serveToEnd(operation, record);
      });
    return this.instances.isPerCall ? this.serveToEnd(operation, record) : this.serve(operation, record);
  }

  /** Serves a call that has work to do at its end, or at the end of its stream: hooks, and the disposal of a percall instance. */
  private serveToEnd(operation: Operation, record: CallRecord): unknown {
    try {
      const result = this.serve(operation, record);
      return result instanceof Promise ? waitToEnd(result, record) : (endedCall(record)?.then(() => result) ?? result);
    } catch (error) {
      return waitToEnd(Promise.reject(error as Error), record);
    }
  }

  /** Finds the instance of a call. */
  private serve(operation: Operation, record: CallRecord): unknown {
    let holder: InstanceHolder | Promise<InstanceHolder>;
    try {
      holder = this.instances.forCall(record.call);
    } catch (error) {
      return this.answerUnmade(error, operation, record);
    }
    if (!(holder instanceof Promise)) return this.serveBy(holder, operation, record);
    // no `await`: calls that wait for the same instance would lose their order
    return holder.then(
      (made) => this.serveBy(made, operation, record),
      (error: unknown) => this.answerUnmade(error, operation, record),
    );
  }

  /** @throws {DaemonError} `unknown object`, which filters do not see, when the object was unregistered meanwhile */
  private answerUnmade(error: unknown, operation: Operation, record: CallRecord): Promise<unknown> {
    if (this.instances.isReleased && error instanceof DaemonError) throw error;
    return this.unmade.answer(error, operation, record);
  }

  /** Finds the pipeline of a call, and runs it. */
  private serveBy(holder: InstanceHolder, operation: Operation, record: CallRecord): unknown {
    record.instance = holder.instance;
    if (this.instances.isPerCall) {
      const endCall = (): Promise<void> | undefined => this.instances.endCall(holder, record.call.connection);
      record.atEnd(() => record.afterParts(endCall));
    }
    let pipeline: Pipeline | Promise<Pipeline>;
    try {
      pipeline = this.pipelines.for(operation, holder, record);
    } catch (error) {
      return this.unmade.answer(error, operation, record);
    }
    if (!(pipeline instanceof Promise)) return pipeline.run(record);
    return pipeline.then(
      (made) => made.run(record),
      (error: unknown) => this.unmade.answer(error, operation, record),
    );
  }
}

/** Waits for the result of a call, then for its end. */
async function waitToEnd(result: Promise<unknown>, record: CallRecord): Promise<unknown> {
  try {
    return await result;
  } finally {
    await endedCall(record);
  }
}

/** Ends a call that has no stream. Returns undefined when nothing has to be waited for. */
function endedCall(record: CallRecord): Promise<void> | undefined {
  return record.isStreaming ? undefined : record.end();
}

/** @returns the result of a call, which may be late. A stream ends by itself */
function answered(result: unknown, record: CallRecord): unknown {
  if (!record.isStreaming) record.answered();
  return result;
}

function throwPythonError(error: unknown, record: CallRecord): never {
  record.answered();
  throw toPythonError(error);
}
