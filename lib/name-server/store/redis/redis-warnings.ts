import { warn } from '../../../reports/warning.js';
import type { MendOutcome } from './redis-mend.js';

/** How lost keys were mended. */
const MEND_TEXTS: Readonly<Record<Exclude<MendOutcome, 'whole'>, string>> = {
  kept: 'all names are there, and their leases begin anew',
  restored: 'this name server has written all of them again, and their leases begin anew',
  lost: 'no name server knew them, so these names are gone',
};
const REMEDY = 'set its maxmemory-policy to noeviction, and keep other data in another Redis';

/** Warns when Redis loses names, or may lose them. */
export class RedisWarnings {
  private policy: string | undefined;

  /** @param where the address of Redis */
  constructor(private readonly where: string) {}

  /** Warns of lost keys. */
  tellOutcome(outcome: MendOutcome): void {
    if (outcome === 'whole') return;
    const text = `Redis at ${this.where} had lost names, since one of the keys was evicted or deleted: ${MEND_TEXTS[outcome]}; ${REMEDY}`;
    warn(text, 'PYRO_REDIS_LOST_NAMES');
  }

  /** Warns once of each policy by which Redis may evict the names. @param policy undefined when it evicts none */
  tellPolicy(policy: string | undefined): void {
    if (policy === this.policy) return;
    this.policy = policy;
    if (policy === undefined) return;
    warn(`Redis at ${this.where} may evict names, by its maxmemory-policy ${policy}: ${REMEDY}`, 'PYRO_REDIS_EVICTION');
  }
}
