/** What can be closed when its user is gone. */
interface Closable {
  close?: () => unknown;
  [Symbol.asyncDispose]?: () => unknown;
  [Symbol.dispose]?: () => unknown;
}

/**
 * Resources that a call took for its connection, held weakly as in Pyro5: what the service itself lets go is not kept.
 *
 * @see Pyro5/callcontext.py, `track_resource`
 */
export class TrackedResources {
  private refs = new Set<WeakRef<object>>();
  private readonly refOf = new WeakMap<object, WeakRef<object>>();
  private sweepAt = 64;
  private onError: ((error: unknown) => void) | undefined;

  /** True once {@link closeAll} was called: what is tracked now is closed by nobody but who calls {@link close}. */
  get isClosed(): boolean {
    return this.onError !== undefined;
  }

  track(resource: object): void {
    if (this.refOf.has(resource)) return;
    const ref = new WeakRef(resource);
    this.refOf.set(resource, ref);
    this.refs.add(ref);
    if (this.refs.size >= this.sweepAt) this.sweep();
  }

  untrack(resource: object): void {
    const ref = this.refOf.get(resource);
    if (ref === undefined) return;
    this.refOf.delete(resource);
    this.refs.delete(ref);
  }

  /** Closes all that are left, the newest first; each error goes to `onError` and stops nothing. */
  async closeAll(onError: (error: unknown) => void): Promise<void> {
    this.onError = onError;
    for (const ref of [...this.refs].reverse()) {
      const resource = ref.deref();
      if (resource !== undefined) await this.close(resource);
    }
  }

  /** Closes one, unless it is not tracked any more. */
  async close(resource: object): Promise<void> {
    const ref = this.refOf.get(resource);
    if (ref === undefined) return;
    this.untrack(resource);
    try {
      await closeResource(resource);
    } catch (error) {
      this.onError?.(error);
    }
  }

  private sweep(): void {
    for (const ref of this.refs) if (ref.deref() === undefined) this.refs.delete(ref);
    this.sweepAt = Math.max(64, this.refs.size * 2);
  }
}

async function closeResource(resource: Closable): Promise<void> {
  if (typeof resource[Symbol.asyncDispose] === 'function') await resource[Symbol.asyncDispose]!();
  else if (typeof resource[Symbol.dispose] === 'function') resource[Symbol.dispose]!();
  else if (typeof resource.close === 'function') await resource.close();
}
