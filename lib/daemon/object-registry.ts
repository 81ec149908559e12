import { randomUUID } from 'node:crypto';
import { DaemonError } from '../protocol/errors.js';
import type { PyroTarget } from './target.js';

interface Registration {
  target: PyroTarget;
  /** The object or class that was registered, weakly held: the target holds what it must. Undefined for targets of another kind. */
  source: WeakRef<object> | undefined;
}

/** The objects of a daemon by id, and the ids of what was registered. */
export class ObjectRegistry {
  private readonly byId = new Map<string, Registration>();
  private readonly idBySource = new WeakMap<object, string>();
  /** Classes whose instances travel as proxies. */
  private readonly idByType = new Map<unknown, string>();

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

  /** The id an object or class was registered under. */
  idOf(source: object): string | undefined {
    return this.idBySource.get(source);
  }

  /** The id a value travels under as a proxy: its own, or that of its registered class. */
  idForAutoproxy(value: object): string | undefined {
    const own = this.idBySource.get(value);
    if (own !== undefined || this.idByType.size === 0) return own;
    for (let proto: unknown = Object.getPrototypeOf(value); proto; proto = Object.getPrototypeOf(proto)) {
      const { constructor } = proto as object;
      const id = this.idByType.get(constructor);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  /**
   * @param source what {@link idOf} will find it by
   * @returns the replaced target, with `force`
   * @throws {DaemonError} when id or source are registered, without `force`
   */
  add(objectId: string, target: PyroTarget, source: object | undefined, force: boolean): PyroTarget | undefined {
    if (!force) {
      const known = source && this.idBySource.get(source);
      if (known !== undefined) throw new DaemonError(`object or class already has a Pyro id: "${known}"`);
      if (this.byId.has(objectId)) throw new DaemonError(`an object or class is already registered with that id: "${objectId}"`);
    }
    const replaced = this.remove(objectId);
    if (source) this.idBySource.set(source, objectId);
    if (target.type) this.idByType.set(target.type, objectId);
    this.byId.set(objectId, { target, source: source && new WeakRef(source) });
    return replaced;
  }

  remove(objectId: string): PyroTarget | undefined {
    const registration = this.byId.get(objectId);
    if (registration === undefined) return undefined;
    this.byId.delete(objectId);
    const { target } = registration;
    const source = registration.source?.deref();
    if (source && this.idBySource.get(source) === objectId) this.idBySource.delete(source);
    if (target.type && this.idByType.get(target.type) === objectId) this.idByType.delete(target.type);
    return target;
  }
}

/** An id for an object that was given none. */
export function newObjectId(): string {
  return `obj_${randomUUID().replaceAll('-', '')}`;
}

/**
 * An id as it can stand in a URI; undefined or empty: none was given.
 *
 * @throws {DaemonError} when it is no string or has white space
 */
export function checkObjectId(objectId: string | undefined): string | undefined {
  if (objectId === undefined || objectId === '') return undefined;
  if (typeof objectId !== 'string' || /\s/.test(objectId)) {
    throw new DaemonError(`object id ${JSON.stringify(objectId)} cannot stand in a URI: it must be a string without white space`);
  }
  return objectId;
}
