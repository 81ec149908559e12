import type { AnyClass } from '../../objects/decorated-member.js';
import { PyroError } from '../../protocol/errors.js';
import { pythonTypeError } from '../../protocol/python-exception.js';
import type { PyroConnection } from '../contract/connection.js';

/** When a registered class is instantiated: per connection, once per daemon, or per call. */
export type InstanceMode = 'session' | 'single' | 'percall';

export interface Behavior {
  /** Default `session`, as in Pyro5. */
  instanceMode?: InstanceMode;
  /** Makes the instance; may be async. Default: `new Class()`. */
  instanceCreator?: (type: never) => object | Promise<object>;
}

const behaviors = new WeakMap<object, Behavior>();

/**
 * Says how a registered class, and classes that extend it, are instantiated: `@behavior({ instanceMode: 'single' })`, or `behavior({ … })(Thing)`.
 *
 * @throws {PyroError} on an unknown mode, a creator that is no function, and in the place of its options a class
 * @see Pyro5/server.py, `behavior`
 */
export function behavior(options: Behavior): <T extends AnyClass>(type: T, context?: unknown) => T {
  if (typeof options === 'function') throw new PyroError("behavior takes options: @behavior({ instanceMode: 'single' })");
  const { instanceMode = 'session', instanceCreator } = options;
  if (!['session', 'single', 'percall'].includes(instanceMode)) {
    throw new PyroError(`invalid instance mode: ${JSON.stringify(instanceMode)}; it is session, single or percall`);
  }
  if (instanceCreator !== undefined && typeof instanceCreator !== 'function')
    throw new PyroError('instanceCreator must be a function');
  return (type) => {
    if (typeof type !== 'function') throw new PyroError('behavior can only be used on a class');
    behaviors.set(type, { instanceMode, instanceCreator });
    return type;
  };
}

/** Of the class, or the nearest one that it extends and of which something was said. */
function behaviorOf(type: object): Behavior {
  for (let at: object | null = type; at; at = Object.getPrototypeOf(at) as object | null) {
    const known = behaviors.get(at);
    if (known) return known;
  }
  return {};
}

/** The instances of one registered class in one daemon. */
export class Instances {
  private readonly mode: InstanceMode;
  private readonly create: (() => object | Promise<object>) | undefined;
  private single: Promise<object> | object | undefined;
  private readonly sessions = new Map<PyroConnection, Promise<object> | object>();

  constructor(private readonly type: AnyClass) {
    const { instanceMode = 'session', instanceCreator } = behaviorOf(type);
    this.mode = instanceMode;
    this.create = instanceCreator && (() => instanceCreator(type as never));
  }

  get isPerCall(): boolean {
    return this.mode === 'percall';
  }

  /** The instance that serves a call of this connection; made at first use, also under concurrent first calls only once. */
  get(connection: PyroConnection): object | Promise<object> {
    if (this.mode === 'percall') return this.make();
    const known = this.kept(connection);
    if (known !== undefined) return known;
    const made = this.make();
    this.keep(connection, made);
    if (made instanceof Promise) {
      const settle = (instance: object | undefined): void => {
        // ended meanwhile: it was disposed, or is another's place now
        if (this.kept(connection) === made) this.keep(connection, instance);
      };
      made.then(settle, () => settle(undefined));
    }
    return made;
  }

  /** Disposes a session's instance. */
  async endSession(connection: PyroConnection): Promise<void> {
    const instance = this.sessions.get(connection);
    this.sessions.delete(connection);
    await disposeInstance(instance);
  }

  /** Disposes all. @throws the first error of a disposal, behind the last one */
  async endAll(): Promise<void> {
    const instances = [this.single, ...this.sessions.values()];
    this.single = undefined;
    this.sessions.clear();
    const errors: unknown[] = [];
    for (const instance of instances) await disposeInstance(instance).catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }

  private kept(connection: PyroConnection): Promise<object> | object | undefined {
    return this.mode === 'single' ? this.single : this.sessions.get(connection);
  }

  private keep(connection: PyroConnection, instance: object | undefined): void {
    if (this.mode === 'single') this.single = instance;
    else if (instance === undefined) this.sessions.delete(connection);
    else this.sessions.set(connection, instance);
  }

  private make(): object | Promise<object> {
    if (this.create === undefined) return new (this.type as unknown as new () => object)();
    const made = this.create();
    return made instanceof Promise ? made.then((instance) => this.check(instance)) : this.check(made);
  }

  private check(instance: object): object {
    if (instance instanceof (this.type as unknown as new () => object)) return instance;
    throw pythonTypeError(`instance creator of ${this.type.name} returned an object of another class`);
  }
}

/** `Symbol.asyncDispose` or `Symbol.dispose` of an instance, if it has one. */
export async function disposeInstance(pending: object | undefined): Promise<void> {
  if (pending === undefined) return;
  // an instance that could not be made has nothing to dispose, and its caller was told
  const instance = (await Promise.resolve(pending).catch(() => undefined)) as Partial<AsyncDisposable & Disposable> | undefined;
  if (instance?.[Symbol.asyncDispose]) await instance[Symbol.asyncDispose]!();
  else instance?.[Symbol.dispose]?.();
}
