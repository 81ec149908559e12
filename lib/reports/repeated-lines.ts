/** Lines of one kind that are printed before the others are counted. */
const MAX_LINES = 20;
/** Time after which the number of the others is printed, and lines are printed again. */
const WINDOW_MS = 60_000;
/** Kinds that are told apart. All further ones are one kind. */
const MAX_KINDS = 200;

/** The lines of one kind in the running window. */
interface Window {
  printed: number;
  /** Lines that were counted only. */
  more: number;
  printMore(text: string): void;
  readonly timer: NodeJS.Timeout;
}

/** How one line, and the number of those that were not printed, are printed. */
export interface RepeatedLine {
  readonly line: () => void;
  /** @param text `… and 311 more in 60 s:`, for the beginning of a line */
  readonly more: (text: string) => void;
}

/**
 * Keeps peers from filling a log: of each kind of line at most 20 are printed in 60 s, and then the number of the others.
 */
export class RepeatedLines {
  private readonly windows = new Map<string, Window>();

  /** @param kind must not be chosen by a peer, at least not freely */
  print(kind: string, { line, more }: RepeatedLine): void {
    const key = this.windows.size < MAX_KINDS || this.windows.has(kind) ? kind : '';
    let window = this.windows.get(key);
    if (window === undefined) {
      window = { printed: 0, more: 0, printMore: more, timer: setTimeout(() => this.end(key), WINDOW_MS).unref() };
      this.windows.set(key, window);
    }
    if (window.printed < MAX_LINES) {
      window.printed++;
      line();
    } else {
      window.more++;
      window.printMore = more;
    }
  }

  /** Prints the numbers of lines that were not printed. */
  endAll(): void {
    for (const key of this.windows.keys()) this.end(key);
  }

  private end(key: string): void {
    const window = this.windows.get(key)!;
    this.windows.delete(key);
    clearTimeout(window.timer);
    if (window.more > 0) window.printMore(`… and ${window.more} more in ${WINDOW_MS / 1_000} s:`);
  }
}
