import { closeResource, instanceText } from '../../objects/disposal.js';

/** Waits for a clean-up. @returns false when it takes too long @throws the error of the clean-up */
type WaitForCleanUp = (closing: Promise<unknown>, what: string) => Promise<boolean>;

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
  private ending: { readonly wait: WaitForCleanUp; readonly onError: (error: unknown) => void } | undefined;

  /** True once {@link closeAll} was called. A resource that is tracked after that is closed only by {@link close}. */
  get isClosed(): boolean {
    return this.ending !== undefined;
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

  /**
   * Closes all resources, the newest first. Errors go to `onError`; the other resources are closed all the same. When one hangs, the others
   * are closed together: else each might hang after the other.
   */
  async closeAll(wait: WaitForCleanUp, onError: (error: unknown) => void): Promise<void> {
    this.ending = { wait, onError };
    let hangs = false;
    const together: Promise<boolean>[] = [];
    for (const ref of [...this.refs].reverse()) {
      const resource = ref.deref();
      if (resource === undefined) continue;
      const closing = this.close(resource);
      if (hangs) together.push(closing);
      else hangs = !(await closing);
    }
    await Promise.all(together);
  }

  /** Closes a resource, unless it is not tracked any more. Call this after {@link closeAll}. @returns false when the resource hangs */
  async close(resource: object): Promise<boolean> {
    if (this.refOf?.has(resource) !== true) return true;
    this.untrack(resource);
    const { wait, onError } = this.ending!;
    try {
      return await wait(closeResource(resource), `the end of the tracked ${instanceText(resource)}`);
    } catch (error) {
      onError(error);
      return true;
    }
  }

  private sweep(): void {
    for (const ref of this.refs) if (ref.deref() === undefined) this.refs.delete(ref);
    this.sweepAt = Math.max(64, this.refs.size * 2);
  }
}
