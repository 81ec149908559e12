import { closeResource } from '../../objects/disposal.js';

/**
 * Resources that calls track for one connection. They are held weakly, as in Pyro5: a resource that the service no longer holds is
 * collected.
 *
 * @see Pyro5/callcontext.py, `track_resource`
 */
export class TrackedResources {
  private refs = new Set<WeakRef<object>>();
  /** Made for the first resource: most connections track none. */
  private refOf: WeakMap<object, WeakRef<object>> | undefined;
  private sweepAt = 64;
  private onError: ((error: unknown) => void) | undefined;

  /** True once {@link closeAll} was called. A resource that is tracked after that is closed only by {@link close}. */
  get isClosed(): boolean {
    return this.onError !== undefined;
  }

  track(resource: object): void {
    const refOf = (this.refOf ??= new WeakMap());
    if (refOf.has(resource)) return;
    const ref = new WeakRef(resource);
    refOf.set(resource, ref);
    this.refs.add(ref);
    if (this.refs.size >= this.sweepAt) this.sweep();
  }

  untrack(resource: object): void {
    const ref = this.refOf?.get(resource);
    if (ref === undefined) return;
    this.refOf!.delete(resource);
    this.refs.delete(ref);
  }

  /** Closes all resources, the newest first. Errors go to `onError`; the other resources are closed all the same. */
  async closeAll(onError: (error: unknown) => void): Promise<void> {
    this.onError = onError;
    for (const ref of [...this.refs].reverse()) {
      const resource = ref.deref();
      if (resource !== undefined) await this.close(resource);
    }
  }

  /** Closes a resource, unless it is not tracked any more. */
  async close(resource: object): Promise<void> {
    if (this.refOf?.has(resource) !== true) return;
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
