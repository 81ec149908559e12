/** One of the `maxConnections` of a daemon. A client holds its slot from accept to close. */
export interface Slot {
  readonly connectionId: number;
  /** `performance.now()` when the client was accepted. */
  readonly acceptedAt: number;
  /** True for a client that was accepted over `maxConnections`, to be told so. */
  readonly isOverLimit: boolean;
}

/** Clients over `maxConnections` that are told so at the same time. More of them are closed without a word. */
const MAX_SLOTS_OVER_LIMIT = 1_000;

/** Counts the connections of a daemon against `maxConnections`. */
export class Slots {
  private taken = 0;
  private takenOverLimit = 0;
  private lastId = 0;

  constructor(private readonly maxConnections: number) {}

  /** Takes a slot, which must be given back. Undefined: not even a refusal can be sent. */
  take(): Slot | undefined {
    const isOverLimit = this.taken >= this.maxConnections;
    if (isOverLimit && this.takenOverLimit >= MAX_SLOTS_OVER_LIMIT) return undefined;
    if (isOverLimit) this.takenOverLimit++;
    else this.taken++;
    return { connectionId: ++this.lastId, acceptedAt: performance.now(), isOverLimit };
  }

  giveBack({ isOverLimit }: Slot): void {
    if (isOverLimit) this.takenOverLimit--;
    else this.taken--;
  }
}
