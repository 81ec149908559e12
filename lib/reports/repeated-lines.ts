/** Lines of one kind that are printed in a window. Further lines are only counted. */
const MAX_LINES = 20;
/** Length of a window. At its end the number of the counted lines is printed. */
const WINDOW_MS = 60_000;
/** Most kinds of lines. All further kinds count as one kind. */
const MAX_KINDS = 200;

/** The lines of one kind in the running window. */
interface Window {
  printed: number;
  /** Lines that were only counted. */
  more: number;
  printMore(text: string): void;
  readonly timer: NodeJS.Timeout;
}

/** The functions that print a line, and the number of lines that were only counted. */
export interface RepeatedLine {
  readonly line: () => void;
  /** @param text `… and 311 more in 60 s:`, for the beginning of a line */
  readonly more: (text: string) => void;
}

/** Keeps peers from filling a log: at most 20 lines of each kind are printed in 60 s, and then the number of the other lines. */
export class RepeatedLines {
  private readonly windows = new Map<string, Window>();

  /** @param kind a peer must not be able to choose it freely */
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

  /** Prints the numbers of the lines that were only counted. */
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
