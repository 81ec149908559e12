import type { PyroUri } from '../../protocol/uri.js';
import type { RegistrarEntry } from './named-object.js';

/** The name was sent to the name server, or is there, with a URI. */
interface SentState {
  /** `waiting`: missing at the last check, or the name server has not answered yet: it may have the name. */
  readonly is: 'registered' | 'waiting';
  readonly uri: PyroUri;
  /** True when the name server has answered no registration of the name so far: the next one takes the name over, as the first one does. */
  readonly isFirst?: boolean;
}

/** The state of a name: registered by this program; maybe registered by it; or registered by another program. */
export type RegistrationState = SentState | { readonly is: 'taken' };

/** The states of a registrar's names in one store. An entry without state was not sent yet. */
export class NamesInStore {
  readonly states: Map<RegistrarEntry, RegistrationState>;

  constructor(
    readonly storeId: string | undefined,
    /** The names in the previous store of the name server: a name server that starts again may have a new store. */
    before?: NamesInStore,
  ) {
    this.states = new Map(before?.states);
  }
}

/** Number of checks for which a name server owns a store after it was reached. */
const CHECKS_OF_AN_OWNER = 2;

/**
 * The stores of several name servers. If name servers share a store, the names are registered over one of them, the owner. Another name
 * server becomes the owner when the owner has not been reached for two checks.
 */
export class StoresOfNames {
  private readonly stores = new Map<string, { names: NamesInStore; owner: object; until: number }>();

  constructor(private readonly intervalMs: number) {}

  /**
   * Takes the store of a name server for one check.
   *
   * @param before the names of the name server at its last check
   * @returns the names in the store; `isOwner`: the names are registered over this name server
   */
  take(storeId: string, server: object, before: NamesInStore): { names: NamesInStore; isOwner: boolean } {
    const now = performance.now();
    const until = now + CHECKS_OF_AN_OWNER * this.intervalMs;
    for (const [id, { owner }] of this.stores) if (owner === server && id !== storeId) this.stores.delete(id);
    const store = this.stores.get(storeId);
    if (store !== undefined && store.owner !== server && store.until > now) return { names: store.names, isOwner: false };
    const names = store?.names ?? (before.storeId === storeId ? before : new NamesInStore(storeId, before));
    this.stores.set(storeId, { names, owner: server, until });
    return { names, isOwner: true };
  }

  /** Lets another name server become the owner of the store, because this name server was not reached. */
  leave(server: object): void {
    for (const store of this.stores.values()) if (store.owner === server) store.until = 0;
  }
}
