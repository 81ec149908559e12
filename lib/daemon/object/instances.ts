import { processWide } from '../../copies/process-wide.js';
import { type AnyClass, isOnMember } from '../../objects/decorated-member.js';
import { INSTANCE_MODES, type InstanceMode, KeyedInstances, type Pending } from '../../objects/keyed-instances.js';
import { checkOptions, FUNCTION, oneOf, type OptionRule, type OptionRules } from '../../options/option-checks.js';
import { PyroError } from '../../protocol/errors.js';
import { pythonTypeError } from '../../protocol/python-exception.js';
import { unknownObject } from '../../protocol/refusals.js';
import type { CleanUps } from '../contract/clean-ups.js';
import type { PyroConnection } from '../contract/connection.js';
import { disposeWithin } from './disposal-limit.js';
import { warnOfUnexposedFields } from './registration-warnings.js';

/** Options of {@link behavior}. */
export interface Behavior {
  /** Default `session`, as in Pyro5. */
  instanceMode?: InstanceMode;
  /** Makes the instance; may be async. Default: `new Class()`. */
  instanceCreator?: (type: never) => object | Promise<object>;
}

/** Takes the option `instanceMode`. */
export const INSTANCE_MODE: OptionRule = oneOf(...INSTANCE_MODES);

const BEHAVIOR_RULES: OptionRules<Behavior> = { instanceMode: INSTANCE_MODE, instanceCreator: FUNCTION };

const behaviors = processWide('behaviors', () => new WeakMap<object, Behavior>());

/**
 * Sets how a registered class, and classes that extend it, are instantiated: `@behavior({ instanceMode: 'single' })`, or
 * `behavior({ … })(Thing)`.
 *
 * @throws {PyroError} on an unknown mode, on a creator that is no function, on a class in place of the options, and on members
 * @see Pyro5/server.py, `behavior`
 */
export function behavior(options: Behavior): <T extends AnyClass>(type: T, context?: unknown) => T {
  if (typeof options === 'function') throw new PyroError("behavior takes options: @behavior({ instanceMode: 'single' })");
  checkOptions(options, BEHAVIOR_RULES, 'behavior: ');
  const { instanceMode = 'session', instanceCreator } = options;
  return (type, ...rest: unknown[]) => {
    if (isOnMember([type, ...rest])) throw new PyroError('behavior can only be used on a class');
    behaviors.set(type, { instanceMode, instanceCreator });
    return type;
  };
}

/** The behavior of the class, or else of the nearest base class that has a behavior. */
function behaviorOf(type: object): Behavior {
  for (let at: object | null = type; at; at = Object.getPrototypeOf(at) as object | null) {
    const known = behaviors.get(at);
    if (known) return known;
  }
  return {};
}

/** Key of the instance that all connections share. */
const SHARED = 'shared';

/** The instances of one registered class in one daemon. */
export class Instances {
  readonly mode: InstanceMode;
  private hasMade = false;
  private hasEnded = false;
  private readonly create: (() => object | Promise<object>) | undefined;
  private readonly instances = new KeyedInstances<PyroConnection | typeof SHARED, object>(() => this.makeKept());

  constructor(
    private readonly type: AnyClass,
    private readonly cleanUps: CleanUps,
  ) {
    const { instanceMode = 'session', instanceCreator } = behaviorOf(type);
    this.mode = instanceMode;
    this.create = instanceCreator && (() => instanceCreator(type as never));
  }

  get isPerCall(): boolean {
    return this.mode === 'percall';
  }

  /** The instance that serves a call of this connection. */
  get(connection: PyroConnection): Pending<object> {
    if (this.mode === 'percall') return this.make();
    return this.instances.get(this.mode === 'single' ? SHARED : connection);
  }

  /** Disposes the instance of a connection. */
  endSession(connection: PyroConnection): Promise<void> {
    return this.end(connection);
  }

  /** Disposes all instances. Calls that still run get no further instance. @throws the first error of a disposal, after the last disposal */
  async endAll(): Promise<void> {
    this.hasEnded = true;
    const ends = await Promise.allSettled(this.instances.keys().map((key) => this.end(key)));
    const failed = ends.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
    if (failed) throw failed.reason;
  }

  /** Disposes an instance. @param connection undefined: all connections use the instance */
  async dispose(instance: object, connection: PyroConnection | undefined): Promise<void> {
    await disposeWithin(instance, (what, disposal) => this.cleanUps.wait(disposal(), what, connection));
  }

  private async end(key: PyroConnection | typeof SHARED): Promise<void> {
    const instance = await this.instances.remove(key);
    if (instance) await this.dispose(instance, key === SHARED ? undefined : key);
  }

  /** An instance that nobody would dispose is not made. */
  private makeKept(): Pending<object> {
    if (this.hasEnded) throw unknownObject();
    return this.make();
  }

  private make(): Pending<object> {
    if (this.create === undefined) return this.note(new (this.type as unknown as new () => object)());
    const made = this.create();
    return made instanceof Promise ? made.then((instance) => this.check(instance)) : this.check(made);
  }

  /** Warns of functions in fields at the first instance: a class does not show its fields. */
  private note(instance: object): object {
    if (!this.hasMade) warnOfUnexposedFields(instance);
    this.hasMade = true;
    return instance;
  }

  private check(instance: object): object {
    if (instance instanceof (this.type as unknown as new () => object)) return this.note(instance);
    throw pythonTypeError(`instance creator of ${this.type.name} returned an object of another class`);
  }
}
