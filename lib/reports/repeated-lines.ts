import { AsyncLocalStorage } from 'node:async_hooks';
import { keptText } from './printable.js';
import { warnIfItFails } from './warning.js';

/** Lines of one kind that are printed in a window. Further lines are only counted. */
const MAX_LINES = 20;
/** Length of a window. At its end the number of the counted lines is printed. */
const WINDOW_MS = 60_000;
/** Most kinds of lines. All further kinds of a level count as one kind. */
const MAX_KINDS = 200;

/** The kind of a line. Lines of one kind are counted together. */
export interface LineKind<Level extends string> {
  readonly level: Level;
  /** The things that are counted: `failed calls`. */
  readonly what: string;
  /** Whose things they are: a name that the program knows. A name that a peer made up must not be here, since each name is a kind. */
  readonly of?: string | undefined;
}

/** The lines of one kind in the running window. A window outlives the calls that it counts, so it keeps texts of its own, and no function. */
interface LineWindow<Level extends string, Fields extends object> {
  readonly level: Level;
  readonly text: string;
  printed: number;
  /** Lines that were only counted. */
  more: number;
  /** The fields that all counted lines have in common. Undefined before the first counted line. */
  shared: Partial<Fields> | undefined;
  readonly timer: NodeJS.Timeout;
}

/** Keeps peers from filling a log: at most 20 lines of each kind are printed in 60 s, and then the number of the other lines. */
export class RepeatedLines<Level extends string, Fields extends object = object> {
  private readonly windows = new Map<string, LineWindow<Level, Fields>>();
  /** Timers keep the async context in which they are made. The context of a call has the arguments of the call. */
  private readonly outsideOfCalls = AsyncLocalStorage.snapshot();

  /**
   * @param printMore prints the number of lines of a kind that were only counted: `… and 311 more in 60 s: failed calls`. `shared`: the
   *   fields that these lines have in common
   */
  constructor(private readonly printMore: (level: Level, text: string, shared: Partial<Fields>) => void) {}

  /**
   * @param line prints the line. Called at once, or not at all
   * @param fields gives the fields of a line that is only counted
   */
  print(kind: LineKind<Level>, line: () => void, fields?: () => Fields): void {
    const window = this.windowOf(kind);
    if (window.printed === MAX_LINES) {
      window.more++;
      if (fields !== undefined) window.shared = sharedFields(window.shared, fields);
      return;
    }
    window.printed++;
    line();
  }

  /** Prints the numbers of the lines that were only counted. */
  endAll(): void {
    for (const key of this.windows.keys()) this.end(key);
  }

  private windowOf({ level, what, of }: LineKind<Level>): LineWindow<Level, Fields> {
    const own = keptText(of === undefined ? what : `${what} of ${of}`);
    const ownKey = `${level} ${own}`;
    const known = this.windows.get(ownKey);
    if (known !== undefined) return known;
    return this.windows.size < MAX_KINDS ? this.begin(ownKey, level, own) : this.windowOfOthers(level, what);
  }

  private windowOfOthers(level: Level, what: string): LineWindow<Level, Fields> {
    const text = `${what} of others`;
    const key = `${level} ${text}`;
    return this.windows.get(key) ?? this.begin(key, level, text);
  }

  private begin(key: string, level: Level, text: string): LineWindow<Level, Fields> {
    const timer = this.outsideOfCalls(() => setTimeout(() => warnIfItFails(() => this.end(key)), WINDOW_MS).unref());
    const window = { level, text, printed: 0, more: 0, shared: undefined, timer };
    this.windows.set(key, window);
    return window;
  }

  private end(key: string): void {
    const { level, text, more, shared = {}, timer } = this.windows.get(key)!;
    this.windows.delete(key);
    clearTimeout(timer);
    if (more > 0) this.printMore(level, `… and ${more} more in ${WINDOW_MS / 1_000} s: ${text}`, shared);
  }
}

/** The fields that the counted lines so far and one more line have in common. Once there are none, no fields are asked for any more. */
function sharedFields<Fields extends object>(shared: Partial<Fields> | undefined, fields: () => Fields): Partial<Fields> {
  if (shared === undefined) return keptFields(fields());
  const left = Object.entries(shared);
  if (left.length === 0) return shared;
  const others = fields() as Record<string, unknown>;
  return Object.fromEntries(left.filter(([name, value]) => others[name] === value)) as Partial<Fields>;
}

/** The fields that are texts or numbers. They outlive the message of a peer. */
function keptFields<Fields extends object>(fields: Fields): Partial<Fields> {
  const kept = Object.entries(fields)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? keptText(value, Infinity) : value] as const);
  return Object.fromEntries(kept) as Partial<Fields>;
}
