/**
 * Most connections for lookups that this process has to a name server at the same time. A threaded name server of Python keeps a thread for
 * each connection, and turns clients away when it has none left.
 */
const MOST_LOOKUPS = 2;
/** Longest time that a lookup waits for others: lookups that hang hold up no others. */
const LONGEST_WAIT_MS = 300;

/** The lookups at one name server. */
interface Lookups {
  running: number;
  /** Those that wait, in their order. */
  readonly waiting: Set<() => void>;
}

/** Lookups by the location of their name server. A location stands here while it is asked. */
const lookups = new Map<string, Lookups>();

/** Does a lookup when fewer than {@link MOST_LOOKUPS} others run at the same name server. @throws the reason of `signal` while it waits */
export async function inLookupTurn<Result>(
  location: string,
  signal: AbortSignal,
  lookUp: () => Promise<Result>,
): Promise<Result> {
  using _turn = await lookupTurn(location, signal);
  return await lookUp();
}

/** Waits like {@link inLookupTurn}. @returns the turn, which ends when it is disposed of */
export async function lookupTurn(location: string, signal: AbortSignal): Promise<Disposable> {
  const here = lookups.get(location) ?? { running: 0, waiting: new Set() };
  lookups.set(location, here);
  if (here.running >= MOST_LOOKUPS) await turnOf(here.waiting, signal);
  here.running++;
  return {
    [Symbol.dispose]: () => {
      here.running--;
      const [next] = here.waiting;
      if (next !== undefined) next();
      else if (here.running === 0 && lookups.get(location) === here) lookups.delete(location);
    },
  };
}

function turnOf(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const leave = (): void => {
      waiting.delete(begin);
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    };
    const begin = (): void => {
      leave();
      resolve();
    };
    const giveUp = (): void => {
      leave();
      reject(signal.reason as Error);
    };
    const timer = setTimeout(begin, LONGEST_WAIT_MS);
    waiting.add(begin);
    signal.addEventListener('abort', giveUp);
  });
}
