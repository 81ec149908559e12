/** What a client takes up from its arrival on. */
export interface Place {
  readonly connectionId: number;
  /** `performance.now()` of the arrival. */
  readonly since: number;
  /** It came when all places were taken, and stays only to be told so. */
  readonly isOver: boolean;
}

/** Connections over `maxConnections` that are told so at the same time; more are just closed. */
const MAX_OVER = 1_000;

/** The places of a daemon: `maxConnections`, and some more for those who have to be told that there are none. */
export class Places {
  private taken = 0;
  private takenOver = 0;
  private count = 0;

  constructor(private readonly maxConnections: number) {}

  /** A place, to be given back; undefined: there is none left. */
  take(): Place | undefined {
    const isOver = this.taken >= this.maxConnections;
    if (isOver && this.takenOver >= MAX_OVER) return undefined;
    if (isOver) this.takenOver++;
    else this.taken++;
    return { connectionId: ++this.count, since: performance.now(), isOver };
  }

  giveBack({ isOver }: Place): void {
    if (isOver) this.takenOver--;
    else this.taken--;
  }
}
