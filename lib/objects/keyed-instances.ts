/** When a class is instantiated: `session`: once per connection. `single`: once per daemon, with Nest once per application. `percall`: once per call. */
export type InstanceMode = 'session' | 'single' | 'percall';

export const INSTANCE_MODES: readonly InstanceMode[] = ['session', 'single', 'percall'];

/** The instance, or its promise while it is being made. */
export type Pending<Instance> = Instance | Promise<Instance>;

/**
 * Keeps one instance per key. An instance is made when its key is asked for the first time.
 *
 * Callers that ask for a key while its instance is being made share that instance. An instance that could not be made is
 * forgotten, and the next caller tries again.
 */
export class KeyedInstances<Key, Instance extends object> {
  private readonly instances = new Map<Key, Pending<Instance>>();

  /** @param make makes the instance of a key; a promise that it returns is waited for */
  constructor(private readonly make: (key: Key) => Pending<Instance>) {}

  /** The instance of a key, made now if there is none. Returns a promise only while the instance is being made. */
  get(key: Key): Pending<Instance> {
    return this.instances.get(key) ?? this.add(key);
  }

  /** Keys that have an instance, or wait for one. */
  keys(): Key[] {
    return [...this.instances.keys()];
  }

  /** Instances that are made already. */
  made(): Instance[] {
    return [...this.instances.values()].filter((instance) => !(instance instanceof Promise)) as Instance[];
  }

  /**
   * Removes the instance of a key. An instance that is being made is waited for.
   *
   * @returns undefined when there is no instance, when it could not be made, or when another caller removed it first
   */
  async remove(key: Key): Promise<Instance | undefined> {
    // whoever asked for the instance was told why it could not be made
    const instance = await Promise.resolve(this.instances.get(key)).catch(() => undefined);
    return this.instances.delete(key) ? instance : undefined;
  }

  private add(key: Key): Pending<Instance> {
    const made = this.make(key);
    this.instances.set(key, made);
    if (made instanceof Promise) {
      const isCurrent = (): boolean => this.instances.get(key) === made;
      made.then(
        (instance) => isCurrent() && this.instances.set(key, instance),
        () => isCurrent() && this.instances.delete(key),
      );
    }
    return made;
  }
}
