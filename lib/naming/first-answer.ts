import { setTimeout as sleep } from 'node:timers/promises';
import { FollowingEnd } from '../calls/following-end.js';
import { NamingError } from '../protocol/errors.js';

/** If a name server has not answered within this time, the next name server is asked as well. */
const NEXT_AFTER_MS = 300;

/**
 * Asks several name servers in their order, and gives the first answer. The next name server is asked when the previous has failed, or has
 * not answered within 300 ms.
 *
 * @param ask asks one name server; it fails when its signal aborts. The answer may go on using the signal
 * @param drop gets an answer that came too late
 * @throws the error of a single name server; of several a NamingError with the texts of all
 */
export async function firstAnswer<Address, Answer>(
  addresses: readonly Address[],
  signal: AbortSignal,
  ask: (address: Address, signal: AbortSignal) => Promise<Answer>,
  drop: (answer: Answer) => void = () => undefined,
): Promise<Answer> {
  if (addresses.length === 1) return ask(addresses[0]!, signal);
  const ends = addresses.map(() => new AbortController());
  const followed = ends.map((end) => new FollowingEnd(signal, end.signal));
  const attempts: Promise<{ answer: Answer; index: number }>[] = [];
  for (const [index, address] of addresses.entries()) {
    const ended = followed[index]!.signal;
    const before = attempts.at(-1);
    const turn = before === undefined ? Promise.resolve() : Promise.race([failureOf(before), pause(index, ended)]);
    attempts.push(turn.then(() => ask(address, ended)).then((answer) => ({ answer, index })));
  }
  let winner: number | undefined;
  try {
    const first = await Promise.any(attempts);
    winner = first.index;
    return first.answer;
  } catch (error) {
    signal.throwIfAborted();
    const [first, ...others] = (error as AggregateError).errors as [Error, ...Error[]];
    const texts = [first, ...others].map(({ message }) => message);
    throw new NamingError(`${texts.length} name servers were asked: ${texts.join('; ')}`, { cause: first });
  } finally {
    for (const [index, attempt] of attempts.entries()) {
      if (index === winner) continue;
      ends[index]!.abort();
      followed[index]![Symbol.dispose]();
      attempt.then(({ answer }) => drop(answer)).catch(() => undefined);
    }
  }
}

async function pause(index: number, signal: AbortSignal): Promise<void> {
  await sleep(index * NEXT_AFTER_MS, undefined, { signal });
}

/** Resolves when the promise is rejected, and never otherwise. */
function failureOf(promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => void promise.catch(() => resolve()));
}
