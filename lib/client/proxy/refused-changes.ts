/** The traps of an object that stands for a remote object: a change of the object itself would reach no server, and is refused. */
export abstract class RefusedChanges implements ProxyHandler<object> {
  set(_target: object, key: string | symbol): never {
    throw new TypeError(`cannot assign to ${String(key)} of a proxy; await $set(${JSON.stringify(String(key))}, value) instead`);
  }

  defineProperty(_target: object, key: string | symbol): never {
    throw new TypeError(`cannot define ${String(key)} on a proxy`);
  }

  deleteProperty(_target: object, key: string | symbol): never {
    throw new TypeError(`cannot delete ${String(key)} of a proxy`);
  }

  setPrototypeOf(): never {
    throw new TypeError('cannot change the prototype of a proxy');
  }
}
