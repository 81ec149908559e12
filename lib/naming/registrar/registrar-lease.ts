import { randomUUID } from 'node:crypto';
import { NamingError } from '../../protocol/errors.js';
import type { PyroUri } from '../../protocol/uri.js';
import type { NameServerClient } from '../name-server-client.js';

/** Number of checks that a lease lasts, so that a name outlives a short failure of the name server or the network. */
const CHECKS_OF_A_LEASE = 4;
/** Bounds of a lease: a busy program renews it in time, and the name of a crashed program is removed soon. */
const LEASE_MS = { least: 15_000, most: 3_600_000 };

/** Names whose leases one call renews. A name server may limit them, but not to less. */
const NAMES_PER_RENEWAL = 1_000;

/**
 * Beginning of the error of a name server that keeps a name for its living owner. The protocol has no codes for the errors of a name
 * server.
 */
export const NAME_IN_USE = 'name is in use: ';

function isNameInUse(error: unknown): boolean {
  return error instanceof NamingError && error.message.startsWith(NAME_IN_USE);
}

/**
 * The lease of a registrar's names, at name servers of this library. Python's name server has no leases: names are registered until they
 * are removed.
 */
export class RegistrarLease {
  private readonly owner = randomUUID();
  private readonly ttlMs: number;

  /** @param checkIntervalMs time between two calls of {@link renew} */
  constructor(checkIntervalMs: number) {
    this.ttlMs = Math.min(LEASE_MS.most, Math.max(LEASE_MS.least, CHECKS_OF_A_LEASE * checkIntervalMs));
  }

  /** Begins the time of the names anew. @returns the names whose leases this program has lost */
  async renew(nameServer: NameServerClient, names: readonly string[]): Promise<string[]> {
    const lost: string[] = [];
    if (!nameServer.hasLeases) return lost;
    for (let start = 0; start < names.length; start += NAMES_PER_RENEWAL) {
      const some = names.slice(start, start + NAMES_PER_RENEWAL);
      for (const name of await nameServer.renewLeases(this.owner, some)) lost.push(name);
    }
    return lost;
  }

  /** Registers a name. @returns false when the name belongs to another program that is alive */
  async put(nameServer: NameServerClient, name: string, uri: PyroUri, metadata: readonly string[]): Promise<boolean> {
    if (!nameServer.hasLeases) {
      await nameServer.register(name, uri, { metadata });
      return true;
    }
    return unlessInUse(nameServer.registerLeased(name, uri, metadata, this.owner, this.ttlMs));
  }

  /** Removes a name. @returns false when another program holds the lease: the name goes away when this lease ends */
  async remove(nameServer: NameServerClient, name: string): Promise<boolean> {
    if (nameServer.hasLeases) return unlessInUse(nameServer.removeLeased(name, this.owner));
    await nameServer.remove(name);
    return true;
  }
}

/** @returns false when the name server keeps the name for its owner */
async function unlessInUse(change: Promise<void>): Promise<boolean> {
  try {
    await change;
    return true;
  } catch (error) {
    if (isNameInUse(error)) return false;
    throw error;
  }
}

/** Looks a name up; undefined when it is not registered. */
export async function currentUri(nameServer: NameServerClient, name: string): Promise<PyroUri | undefined> {
  try {
    return await nameServer.lookup(name);
  } catch (error) {
    if (error instanceof NamingError) return undefined;
    throw error;
  }
}
