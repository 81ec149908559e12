import fc from 'fast-check';
import type { FuzzedServer, ServerState } from './fuzzed-server.js';
import { playSession, type Tally } from './play-session.js';
import { session } from './wire-session.js';
import { settled } from './settled.js';
import { Witness } from './witness.js';

export interface Round {
  seed: number;
  /** Groups of sessions, one after the other. */
  groups: number;
}

export interface RoundResult extends Tally {
  witnessCalls: number;
  witnessSlowestMs: number;
  state: ServerState;
}

/** Sessions that run at the same time. */
const AT_ONCE = 5;

/**
 * Lets hostile peers talk to a server, several at a time, while a witness calls it.
 *
 * @throws {Error} when an answer is wrong, the witness was disturbed, the server had a problem, or something stays when the peers are
 * gone. The same seed and number of groups repeat the round.
 */
export async function fuzzServer(server: FuzzedServer, { seed, groups }: Round): Promise<RoundResult> {
  const tally: Tally = { frames: 0, bytes: 0, answers: 0 };
  const before = await settled(server, 0);
  const witness = new Witness(server.location);
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(session, { minLength: 1, maxLength: AT_ONCE }), async (sessions) => {
        const outcomes = await Promise.allSettled(sessions.map((each) => playSession(server.location, each, tally)));
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        if (failed) throw failed.reason;
      }),
      { seed, numRuns: groups, endOnFailure: true },
    );
  } finally {
    await witness.stop();
  }
  const state = await settled(server, before.handles);
  const { calls, slowestMs } = witness;
  return { ...tally, witnessCalls: calls, witnessSlowestMs: slowestMs, state };
}
