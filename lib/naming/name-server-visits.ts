import { checkNameServers, waitMsOf } from '../client/options/name-resolver.js';
import { FollowingEnd } from '../calls/following-end.js';
import { firstAnswer } from './first-answer.js';
import { connectTo, endOf, type KnownNameServer, type NameServerOptions, nameServersOf, retryWithin } from './locate.js';
import { lookupTurn } from './lookup-turns.js';
import type { NameServerClient } from './name-server-client.js';

/**
 * Connects to the first of the name servers that answers, and disconnects after `work`. Takes turns with the lookups of proxies at each name
 * server, and so a name server of Python has threads left.
 *
 * @throws {NamingError} when no name server answers within `waitMs`, and the reason of `end`
 * @param end no visit waits for its turn, or tries again, when it has aborted
 */
export async function visitNameServer<T>(
  options: NameServerOptions | readonly NameServerOptions[],
  end: AbortSignal,
  work: (names: NameServerClient) => Promise<T>,
): Promise<T> {
  checkNameServers(options);
  using ending = endOf(options);
  using waiting = endOf(options, end);
  const visitFirst = (): Promise<Visit> =>
    firstAnswer(
      nameServersOf(options),
      ending.signal,
      (address, left) => visitTo(address, left, end),
      (late) => void leave(late),
    );
  const visit = await retryWithin(waitMsOf(options), waiting.signal, visitFirst);
  try {
    return await work(visit.names);
  } finally {
    await leave(visit);
  }
}

/** A connection to a name server, in a turn. */
interface Visit {
  readonly names: NameServerClient;
  readonly turn: Disposable;
}

async function visitTo(address: KnownNameServer, signal: AbortSignal, end: AbortSignal): Promise<Visit> {
  using waiting = new FollowingEnd(signal, end);
  const turn = await lookupTurn(address.location, waiting.signal);
  try {
    return { names: await connectTo(address, signal), turn };
  } catch (error) {
    turn[Symbol.dispose]();
    throw error;
  }
}

async function leave({ names, turn }: Visit): Promise<void> {
  using _turn = turn;
  await names.release();
}
