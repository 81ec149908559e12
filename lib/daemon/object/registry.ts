import { DaemonError } from '../../protocol/errors.js';
import type { PyroTarget } from '../contract/target.js';

interface Registration {
  target: PyroTarget;
  /** The object or class that was registered, weakly held: the target holds what it must. Undefined for targets of another kind. */
  source: WeakRef<object> | undefined;
}

/** The objects of a daemon by id, and the ids of what was registered. */
export class ObjectRegistry {
  private readonly byId = new Map<string, Registration>();
  /** An object that was registered again by force has several; it travels under the last one. */
  private readonly idsBySource = new WeakMap<object, readonly string[]>();
  /** Of classes whose instances travel as proxies. */
  private readonly idsByType = new Map<unknown, readonly string[]>();

  get size(): number {
    return this.byId.size;
  }

  get(objectId: string): PyroTarget | undefined {
    return this.byId.get(objectId)?.target;
  }

  /** @throws {DaemonError} `unknown object` */
  known(objectId: string): PyroTarget {
    const target = this.get(objectId);
    if (target === undefined) throw new DaemonError('unknown object');
    return target;
  }

  ids(): IterableIterator<string> {
    return this.byId.keys();
  }

  targets(): PyroTarget[] {
    return [...this.byId.values()].map(({ target }) => target);
  }

  /** What has the id, as long as anybody holds it; undefined also for targets of another kind. */
  sourceOf(objectId: string): object | undefined {
    return this.byId.get(objectId)?.source?.deref();
  }

  /** The ids an object or class was registered under, the latest last. */
  idsOf(source: object): readonly string[] {
    return this.idsBySource.get(source) ?? [];
  }

  /** The id a value travels under as a proxy: its own, or that of its registered class. */
  idForAutoproxy(value: object): string | undefined {
    const own = this.idsBySource.get(value)?.at(-1);
    if (own !== undefined || this.idsByType.size === 0) return own;
    for (let proto: unknown = Object.getPrototypeOf(value); proto; proto = Object.getPrototypeOf(proto)) {
      const { constructor } = proto as object;
      const ids = this.idsByType.get(constructor);
      if (ids !== undefined) return ids.at(-1);
    }
    return undefined;
  }

  /**
   * @param source what {@link idsOf} will find it by
   * @returns a target that was replaced, with `force`, and has no id any more
   * @throws {DaemonError} when id or source are registered, without `force`
   */
  add(objectId: string, target: PyroTarget, source: object | undefined, force: boolean): PyroTarget | undefined {
    if (!force) {
      const known = source && this.idsOf(source).at(-1);
      if (known !== undefined) throw new DaemonError(`object or class already has a Pyro id: "${known}"`);
      if (this.byId.has(objectId)) throw new DaemonError(`an object or class is already registered with that id: "${objectId}"`);
    }
    const replaced = this.remove(objectId);
    if (source) this.idsBySource.set(source, [...this.idsOf(source), objectId]);
    if (target.type) this.idsByType.set(target.type, [...(this.idsByType.get(target.type) ?? []), objectId]);
    this.byId.set(objectId, { target, source: source && new WeakRef(source) });
    return replaced === target ? undefined : replaced;
  }

  /** @returns the target that had the id, when it has no other */
  remove(objectId: string): PyroTarget | undefined {
    const registration = this.byId.get(objectId);
    if (registration === undefined) return undefined;
    const source = this.sourceOf(objectId);
    this.byId.delete(objectId);
    const { target } = registration;
    if (source) removeId(this.idsBySource, source, objectId);
    if (target.type) removeId(this.idsByType, target.type, objectId);
    const others = source ? this.idsOf(source) : [];
    return others.some((id) => this.get(id) === target) ? undefined : target;
  }
}

/** Of a Map or a WeakMap. */
type Ids<K> = Pick<Map<K, readonly string[]>, 'get' | 'delete'> & { set(key: K, ids: readonly string[]): unknown };

function removeId<K>(ids: Ids<K>, key: K, id: string): void {
  const left = ids.get(key)?.filter((known) => known !== id) ?? [];
  if (left.length > 0) ids.set(key, left);
  else ids.delete(key);
}
