import { attributeError, type PythonException } from '../../protocol/python-exception.js';
import { DaemonError } from '../../protocol/errors.js';
import type { CallContext } from '../contract/call-context.js';
import type { PyroConnection } from '../contract/connection.js';
import { bindArguments } from '../../objects/parameters/argument-binder.js';
import { type AnyClass, findDescriptor, memberSource } from '../../objects/decorated-member.js';
import { missingMember } from '../../objects/missing-member.js';
import { asStream } from '../../objects/item-iterators.js';
import type { TargetDescription } from '../contract/snapshot.js';
import type { InstanceMode } from '../../objects/keyed-instances.js';
import { CallStream } from './call-stream.js';
import { describeExposed } from './target-description.js';
import { isCallbackMethod, metadataFor } from './expose.js';
import { Instances } from './instances.js';
import type { ObjectGuards } from './object-guards.js';
import type { ObjectGuard } from '../contract/daemon.js';
import type { CleanUps } from '../contract/clean-ups.js';
import type { GuardedObject, ObjectMetadata, PyroTarget } from '../contract/target.js';

type Method = (...args: unknown[]) => unknown;

/** Finds the object that serves a call. */
interface ObjectSource {
  get(connection: PyroConnection): object | Promise<object>;
  /** The object or class that was registered. It has the exposed members. */
  readonly described: object;
}

/** The request of a call. */
interface Batch {
  readonly isBatch: boolean;
  batchInstance: object | Promise<object> | undefined;
}

type BatchedCall = CallContext & { readonly request?: Batch };

/** The target of a registered object. */
export class ExposedObject implements PyroTarget {
  readonly authorize: ObjectGuard | undefined;
  readonly guardedBy: GuardedObject | undefined;

  constructor(
    protected readonly source: ObjectSource,
    { authorize, guardedBy }: ObjectGuards = {},
  ) {
    this.authorize = authorize;
    this.guardedBy = guardedBy;
  }

  static of(object: object, guards?: ObjectGuards): ExposedObject {
    return new ExposedObject({ get: () => object, described: object }, guards);
  }

  /** Holds the object weakly; once it is collected, calls fail. */
  static weakly(object: object, guards?: ObjectGuards): ExposedObject {
    const ref = new WeakRef(object);
    const deref = (): object => {
      const alive = ref.deref();
      if (alive === undefined) throw new DaemonError('weakly registered object was garbage-collected; register it again');
      return alive;
    };
    const source = {
      get: deref,
      get described() {
        return deref();
      },
    };
    return new ExposedObject(source, guards);
  }

  get metadata(): ObjectMetadata {
    return metadataFor(this.source.described);
  }

  describe(): TargetDescription {
    return describeExposed(this.source.described, this.instanceMode);
  }

  isCallback(method: string): boolean {
    return isCallbackMethod(this.describedMembers, method);
  }

  invoke(method: string, args: unknown[], kwargs: Record<string, unknown>, context: CallContext): unknown {
    const object = this.objectAtHand(context);
    return object === undefined ? this.invokeLater(method, args, kwargs, context) : callMethod(object, method, args, kwargs);
  }

  private invokeLater(method: string, args: unknown[], kwargs: Record<string, unknown>, context: CallContext): unknown {
    return this.use(context, (object) => callMethod(object, method, args, kwargs));
  }

  getAttribute(name: string, context: CallContext): unknown {
    return this.use(context, (object) => {
      const descriptor = findDescriptor(object, name);
      if (descriptor === undefined) throw missingMember(object, name);
      if (descriptor.get === undefined) throw writeOnlyError(name);
      return descriptor.get.call(object) as unknown;
    });
  }

  setAttribute(name: string, value: unknown, context: CallContext): unknown {
    return this.use(context, (object) => {
      const descriptor = findDescriptor(object, name);
      if (descriptor === undefined) throw missingMember(object, name);
      if (descriptor.set === undefined) throw readOnlyError(name);
      descriptor.set.call(object, value);
    });
  }

  /** The object of a call. Undefined when its instance is a promise, or serves this call alone. */
  protected objectAtHand({ connection }: CallContext): object | undefined {
    const object = this.source.get(connection);
    return object instanceof Promise ? undefined : object;
  }

  protected get instanceMode(): InstanceMode {
    return 'single';
  }

  /** Runs `body` on the object of this call. */
  protected use(context: CallContext, body: (object: object) => unknown): unknown {
    const object = this.source.get(context.connection);
    return object instanceof Promise ? object.then(body) : body(object);
  }

  private get describedMembers(): object {
    return memberSource(this.source.described);
  }
}

/** The target of a registered class. Its instances live as long as a connection, a call or the daemon. */
export class ExposedClass extends ExposedObject {
  private readonly instances: Instances;

  constructor(
    readonly type: AnyClass,
    cleanUps: CleanUps,
    guards?: ObjectGuards,
  ) {
    const instances = new Instances(type, cleanUps);
    super({ get: (connection) => instances.get(connection), described: type }, guards);
    this.instances = instances;
  }

  async connectionEnded(connection: PyroConnection, streamsEnded: Promise<void>): Promise<void> {
    await streamsEnded;
    await this.instances.endSession(connection);
  }

  released(): Promise<void> {
    return this.instances.endAll();
  }

  protected override objectAtHand(context: CallContext): object | undefined {
    return this.instances.isPerCall ? undefined : super.objectAtHand(context);
  }

  protected override get instanceMode(): InstanceMode {
    return this.instances.mode;
  }

  protected override use(context: CallContext, body: (object: object) => unknown): unknown {
    if (!this.instances.isPerCall) return super.use(context, body);
    const { request } = context as BatchedCall;
    return request?.isBatch ? this.useInBatch(request, context, body) : this.usePerCall(context, body);
  }

  /** As in Pyro5, the entries of a batch share an instance. The batch disposes it. */
  private async useInBatch(batch: Batch, { connection }: CallContext, body: (object: object) => unknown): Promise<unknown> {
    batch.batchInstance ??= this.source.get(connection);
    return body(await batch.batchInstance);
  }

  private async usePerCall(context: CallContext, body: (object: object) => unknown): Promise<unknown> {
    const object = await this.source.get(context.connection);
    let handedOn = false;
    try {
      const result = await body(object);
      const stream = asStream(result);
      if (stream === undefined) return result;
      handedOn = true;
      return new CallStream(stream, { onEnd: () => this.instances.dispose(object, context.connection) });
    } finally {
      if (!handedOn) await this.instances.dispose(object, context.connection);
    }
  }
}

function callMethod(object: object, method: string, args: unknown[], kwargs: Record<string, unknown>): unknown {
  const fn = (object as Record<string, Method | undefined>)[method];
  // the member was deleted after the metadata was read
  if (typeof fn !== 'function') throw missingMember(object, method);
  return fn.apply(object, bindArguments(object, method, fn, args, kwargs));
}

/** The error of a client that reads an attribute without a getter. */
export function writeOnlyError(name: string): PythonException {
  return attributeError(`attempt to read write-only remote attribute '${name}'`);
}

/** The error of a client that writes an attribute without a setter. */
export function readOnlyError(name: string): PythonException {
  return attributeError(`attempt to write read-only remote attribute '${name}'`);
}
