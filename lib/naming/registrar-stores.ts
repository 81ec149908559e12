import type { PyroUri } from '../protocol/uri.js';
import type { RegistrarEntry } from './named-object.js';

/** How a name stands: registered by this program with a URI, or registered by another program. */
export type RegistrationState = { readonly is: 'registered'; readonly uri: PyroUri } | { readonly is: 'taken' };

/** How the names of a registrar stand in one store. An entry without state was not registered yet. */
export class NamesInStore {
  readonly states: Map<RegistrarEntry, RegistrationState>;

  constructor(
    readonly storeId: string | undefined,
    /** The names as they stood when a name server had another store: a name server that starts again has a new one. */
    before?: NamesInStore,
  ) {
    this.states = new Map(before?.states);
  }
}

/** A store is left to the name server that has looked after it within so many checks. */
const CHECKS_OF_A_KEEPER = 2;

/**
 * The stores of several name servers. Where name servers share a store, the names are registered over one of them; another one takes
 * over when that one has not been reached for two checks.
 */
export class StoresOfNames {
  private readonly stores = new Map<string, { names: NamesInStore; keeper: object; until: number }>();

  constructor(private readonly intervalMs: number) {}

  /**
   * Takes the store of a name server for one check.
   *
   * @param before the names of the name server at its last check
   * @returns the names in the store, and whether this name server looks after them
   */
  take(storeId: string, server: object, before: NamesInStore): { names: NamesInStore; isKeeper: boolean } {
    const now = performance.now();
    const until = now + CHECKS_OF_A_KEEPER * this.intervalMs;
    for (const [id, { keeper }] of this.stores) if (keeper === server && id !== storeId) this.stores.delete(id);
    const store = this.stores.get(storeId);
    if (store !== undefined && store.keeper !== server && store.until > now) return { names: store.names, isKeeper: false };
    const names = store?.names ?? (before.storeId === storeId ? before : new NamesInStore(storeId, before));
    this.stores.set(storeId, { names, keeper: server, until });
    return { names, isKeeper: true };
  }

  /** Lets another name server look after the store of this one, which was not reached. */
  leave(server: object): void {
    for (const store of this.stores.values()) if (store.keeper === server) store.until = 0;
  }
}
