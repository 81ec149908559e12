import { BATCH_METHOD, GET_ATTRIBUTE, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { DaemonError } from '../../protocol/errors.js';
import { unknownObject } from '../../protocol/refusals.js';
import type { PyroTarget } from '../contract/target.js';

/** Methods that every object has. */
const OF_EACH_OBJECT: readonly string[] = [BATCH_METHOD, GET_ATTRIBUTE, SET_ATTRIBUTE];

/** A registered object. */
export interface RegistryEntry {
  target: PyroTarget;
  /** The registered object or class, held weakly: the target holds it if it must. Undefined for targets of another kind. */
  source: WeakRef<object> | undefined;
  readonly usage: ObjectUsage;
}

/** The use of an object. */
export class ObjectUsage {
  constructor(readonly target: PyroTarget) {}

  /** Calls that were run. */
  calls = 0;
  /** Calls that failed or were refused. */
  failures = 0;
}

/** The error of an object that is registered already. @param objectId the id that the object has */
export function sourceTaken(objectId: string): DaemonError {
  return new DaemonError(`object or class already has a Pyro id: "${objectId}"`);
}

/** The error of an id that another object has. */
export function idTaken(objectId: string): DaemonError {
  return new DaemonError(`an object or class is already registered with that id: "${objectId}"`);
}

/** The registered objects of a daemon, by id and by object. */
export class ObjectRegistry {
  private readonly byId = new Map<string, RegistryEntry>();
  /** An object that was registered again with `force` has several ids. It travels under the last one. */
  private readonly idsBySource = new WeakMap<object, readonly string[]>();
  /** Ids of the classes whose instances travel as proxies. */
  private readonly idsByType = new Map<unknown, readonly string[]>();
  /** Number of registered objects whose guards are those of a target: the target itself, and objects that its methods have registered. */
  private readonly guarded = new Map<PyroTarget, number>();
  /** True once a plain object was registered. Until then plain objects in values need no lookup, which takes 35 ns for each. */
  private hasPlainSource = false;

  get size(): number {
    return this.byId.size;
  }

  get(objectId: string): PyroTarget | undefined {
    return this.byId.get(objectId)?.target;
  }

  /** The target with this id. @throws {DaemonError} `unknown object` */
  known(objectId: string): PyroTarget {
    return this.entry(objectId).target;
  }

  /** The target with this id, and its counters. @throws {DaemonError} `unknown object` */
  entry(objectId: string): Readonly<RegistryEntry> {
    const entry = this.byId.get(objectId);
    if (entry === undefined) throw unknownObject();
    return entry;
  }

  /** The counters of the object with this id. */
  usageOf(objectId: string): ObjectUsage | undefined {
    return this.byId.get(objectId)?.usage;
  }

  /**
   * True when the object exists and has the method. A batch, and the access to attributes, are methods of each object. There is a
   * bounded number of such names; clients can invent any number of others.
   */
  hasMember(objectId: string, method: string): boolean {
    const target = this.get(objectId);
    if (target === undefined) return false;
    if (OF_EACH_OBJECT.includes(method)) return true;
    try {
      return target.metadata.methods.has(method);
    } catch {
      // a weakly registered object was collected
      return false;
    }
  }

  ids(): IterableIterator<string> {
    return this.byId.keys();
  }

  targets(): PyroTarget[] {
    return [...this.byId.values()].map(({ target }) => target);
  }

  /** The registered object or class. Undefined when it was collected, and for targets of another kind. */
  sourceOf(objectId: string): object | undefined {
    return this.byId.get(objectId)?.source?.deref();
  }

  /** The ids of an object or class, the latest last. */
  idsOf(source: object): readonly string[] {
    return this.idsBySource.get(source) ?? [];
  }

  /** The id under which a value travels as a proxy: its own id, or the id of its registered class. */
  idForAutoproxy(value: object): string | undefined {
    if (!this.hasPlainSource && isPlain(value)) return undefined;
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
   * @param source the registered object or class, for {@link idsOf}
   * @returns the target that was replaced by `force` and has no other id
   * @throws {DaemonError} without `force`, when the id or the source is registered
   */
  add(objectId: string, target: PyroTarget, source: object | undefined, force: boolean): PyroTarget | undefined {
    if (!force) {
      const known = source && this.idsOf(source).at(-1);
      if (known !== undefined) throw sourceTaken(known);
      if (this.byId.has(objectId)) throw idTaken(objectId);
    }
    const replaced = this.remove(objectId);
    if (source) this.idsBySource.set(source, [...this.idsOf(source), objectId]);
    if ((source && isPlain(source)) || target.type === Object) this.hasPlainSource = true;
    if (target.type) this.idsByType.set(target.type, [...(this.idsByType.get(target.type) ?? []), objectId]);
    this.countGuarded(target, 1);
    this.byId.set(objectId, { target, source: source && new WeakRef(source), usage: new ObjectUsage(target) });
    return replaced === target ? undefined : replaced;
  }

  /** @returns the target that had the id, if it has no other id */
  remove(objectId: string): PyroTarget | undefined {
    const registration = this.byId.get(objectId);
    if (registration === undefined) return undefined;
    const source = this.sourceOf(objectId);
    this.byId.delete(objectId);
    const { target } = registration;
    this.countGuarded(target, -1);
    if (source) removeId(this.idsBySource, source, objectId);
    if (target.type) removeId(this.idsByType, target.type, objectId);
    const others = source ? this.idsOf(source) : [];
    return others.some((id) => this.get(id) === target) ? undefined : target;
  }

  /** True when a registered object has the guards of a target: the target itself, or an object that its methods have registered. */
  needsGuardsOf(target: PyroTarget): boolean {
    return target.authorize !== undefined && this.guarded.has(target);
  }

  private countGuarded(target: PyroTarget, change: 1 | -1): void {
    for (const guarding of [target, target.guardedBy?.target]) {
      if (guarding === undefined) continue;
      const count = (this.guarded.get(guarding) ?? 0) + change;
      if (count === 0) this.guarded.delete(guarding);
      else this.guarded.set(guarding, count);
    }
  }
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** The methods that a Map and a WeakMap share. */
type Ids<K> = Pick<Map<K, readonly string[]>, 'get' | 'delete'> & { set(key: K, ids: readonly string[]): unknown };

function removeId<K>(ids: Ids<K>, key: K, id: string): void {
  const left = ids.get(key)?.filter((known) => known !== id) ?? [];
  if (left.length > 0) ids.set(key, left);
  else ids.delete(key);
}
