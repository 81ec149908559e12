import type { NameChange } from './name-store.js';

/** The listeners for changes of a store. */
export class NameListeners {
  private readonly listeners = new Set<(change: NameChange) => void>();

  get size(): number {
    return this.listeners.size;
  }

  /** @returns ends the calls */
  add(listener: (change: NameChange) => void): () => void {
    // two watchers may be the same function
    const own = (change: NameChange): void => listener(change);
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  tell(change: NameChange): void {
    for (const listener of this.listeners) listener(change);
  }

  clear(): void {
    this.listeners.clear();
  }
}
