import { type NameLimits, tooMany } from './name-rules.js';
import { recordBytes, type NameRecord, type NameStore } from '../store/name-store.js';

/** By how much a change makes the registrations of a store more. */
interface Growth {
  readonly names: number;
  readonly bytes: number;
}

/** A registration, or new tags of a name. */
type NameWrite = NameRecord | Pick<NameRecord, 'name' | 'metadata'>;

/** Keeps the registrations of a store within the limits of their number and of their bytes. Changes that are being made count. */
export class NameRoom {
  private names = 0;
  private bytes = 0;

  constructor(
    private readonly store: NameStore,
    private readonly limits: Pick<NameLimits, 'maxNames' | 'maxStoredBytes'>,
  ) {}

  /**
   * Makes a change of a name if there is room for it. A change by which nothing grows is always made, also when there are more names and
   * bytes than the limits say: another name server, or an earlier start, may have had other limits.
   *
   * @throws {NamingError} when there is no room
   */
  async take<Result>(change: NameWrite, make: () => Promise<Result>): Promise<Result> {
    const [names, bytes] = await Promise.all([this.store.count(), this.store.bytes()]);
    // the present registration is read only when it decides
    let growth: Growth = { names: 1, bytes: recordBytes({ uri: '', lease: undefined, ...change }) };
    if (this.findExcess(names, bytes, growth) !== undefined) {
      growth = growthBy(change, await this.store.get(change.name));
      const excess = this.findExcess(names, bytes, growth);
      if (excess !== undefined) throw excess;
    }
    this.names += growth.names;
    this.bytes += growth.bytes;
    try {
      return await make();
    } finally {
      this.names -= growth.names;
      this.bytes -= growth.bytes;
    }
  }

  /** @returns the error for a change that has no room */
  private findExcess(names: number, bytes: number, growth: Growth): Error | undefined {
    const { maxNames, maxStoredBytes } = this.limits;
    if (growth.names > 0 && names + this.names + growth.names > maxNames) {
      return tooMany('names are registered', names, 'maxNames', maxNames);
    }
    const all = bytes + this.bytes + growth.bytes;
    if (growth.bytes === 0 || all <= maxStoredBytes) return undefined;
    const what = 'bytes in all registrations, with this one: remove names or tags, or raise the limit';
    return tooMany(what, all, 'maxStoredBytes', maxStoredBytes);
  }
}

function growthBy(change: NameWrite, current: NameRecord | undefined): Growth {
  if (current !== undefined)
    return { names: 0, bytes: Math.max(0, recordBytes({ ...current, ...change }) - recordBytes(current)) };
  // tags of an unknown name are refused for another reason
  return 'uri' in change ? { names: 1, bytes: recordBytes(change) } : { names: 0, bytes: 0 };
}
