import { processWide } from '../../copies/process-wide.js';
import type { Pending } from '../../objects/keyed-instances.js';
import type { InstanceWrapper } from '../nest-internals.js';
import type { InstanceHolder } from './instance-holder.js';

/** A server that serves a single instance. */
export interface SingleUser {
  /** True when the server serves the object no more: it makes no instance. */
  readonly isReleased: boolean;
  /** Makes the instance, when the server is the first that asks for the instance. */
  makeSingle(): Pending<InstanceHolder>;
  /**
   * Disposes the instance after its periodic work, when the server is the last that has served the object. Making, periodic work and
   * disposal are waited for 5 s each: an instance that is made later is disposed by itself.
   */
  disposeSingle(held: Pending<InstanceHolder>): Promise<void>;
}

const instances = processWide('single-instances', () => new WeakMap<InstanceWrapper, SingleInstance>());

/**
 * The only instance of an object with `instanceMode: 'single'`. All servers of an application share the instance.
 *
 * The first server that asks makes the instance, and the last server that served the object disposes it. The next instance is made when the
 * disposal has ended, or was given up after 5 s: two instances would use the same device. An instance that could not be made is forgotten, and the next call tries again.
 */
export class SingleInstance {
  private readonly users = new Set<SingleUser>();
  private held: Pending<InstanceHolder> | undefined;
  /** The end of the instance before. */
  private ending: Promise<void> | undefined;

  static of(wrapper: InstanceWrapper): SingleInstance {
    const known = instances.get(wrapper);
    if (known !== undefined) return known;
    const made = new SingleInstance();
    instances.set(wrapper, made);
    return made;
  }

  /** Keeps the instance until the user leaves. */
  join(user: SingleUser): void {
    this.users.add(user);
  }

  /** The instance, for a user that joins by this call. Returns a promise only while the instance is being made. */
  get(user: SingleUser): Pending<InstanceHolder> {
    this.join(user);
    return this.held ?? this.make(user);
  }

  /** The instance, if it is made already. */
  get made(): InstanceHolder | undefined {
    return this.held instanceof Promise ? undefined : this.held;
  }

  /** True for the user that joined first. Periodic work of the instance is started by this user alone. */
  isFirst(user: SingleUser): boolean {
    const [first] = this.users;
    return first === user;
  }

  /** Resolves when the instance is disposed, or given up, if the user was the last; else at once. */
  async leave(user: SingleUser): Promise<void> {
    if (!this.users.delete(user) || this.users.size > 0 || this.held === undefined) return;
    const { held } = this;
    this.held = undefined;
    const ending = user.disposeSingle(held);
    this.ending = ending;
    await ending;
    if (this.ending === ending) this.ending = undefined;
  }

  private make(user: SingleUser): Pending<InstanceHolder> {
    const held = this.ending ? this.ending.then(() => this.presentUser(user).makeSingle()) : user.makeSingle();
    this.held = held;
    if (held instanceof Promise) {
      const isCurrent = (): boolean => this.held === held;
      held.then(
        (holder) => isCurrent() && (this.held = holder),
        () => isCurrent() && (this.held = undefined),
      );
    }
    return held;
  }

  /** The user that asked, or another one if the user serves the object no more: callers of several servers wait for one instance. */
  private presentUser(asker: SingleUser): SingleUser {
    return [asker, ...this.users].find(({ isReleased }) => !isReleased) ?? asker;
  }
}
