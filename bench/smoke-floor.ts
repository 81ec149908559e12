import { add, holdCase } from './cases.js';
import type { Servers } from './servers.js';

/**
 * The smallest ratio of Nest to a raw Node socket. It is far below the floor of a full run, because a smoke run is short and the machine
 * busy.
 */
const SMOKE_FLOOR = 0.6;
/** A busy moment spoils one attempt, not all. */
const ATTEMPTS = 4;
const ROUNDS = { rounds: 7, warmUpMs: 50, ms: 300 };

/**
 * Compares the CPU for one call, which is the same on a busy machine; the rates where the system does not tell the CPU.
 *
 * @returns why the code is too slow, if it is
 */
export async function smokeFloor(servers: Servers): Promise<string[]> {
  const ratios: number[] = [];
  while (ratios.length < ATTEMPTS) {
    const contest = await holdCase(servers, ['raw', 'Nest'], add(64), ROUNDS, { smoke: false });
    const byCpu = contest.ratio('raw', 'Nest', 'cpu');
    const ratio = Number.isNaN(byCpu) ? contest.ratio('Nest', 'raw') : byCpu;
    if (ratio >= SMOKE_FLOOR) return [];
    ratios.push(ratio);
  }
  const tried = ratios.map((ratio) => ratio.toFixed(2)).join(', ');
  return [`add with 64 connections: Nest does ${tried} of what a raw Node socket does; it must do ${SMOKE_FLOOR}`];
}
