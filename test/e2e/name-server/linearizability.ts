/** An operation on an object that several clients share. */
export interface Operation<Action> {
  readonly action: Action;
  /** Position of its call among all calls and answers. */
  readonly called: number;
  /** Position of its answer; Infinity when none came: then the operation has happened at some time after its call, or never. */
  readonly answered: number;
}

/** Gives the state after an operation; undefined when the answer is impossible in this state. */
export type Step<State, Action> = (state: State, action: Action) => { readonly state: State } | undefined;

/** Operations in an order that is tried. */
interface Attempt<State> {
  readonly state: State;
  /** All operations before this one are in the order. */
  readonly first: number;
  /** Later operations that are in the order, ascending. */
  readonly later: readonly number[];
}

/**
 * True when the operations can be put into one order that explains every answer, and in which no operation comes before another one
 * that was answered before it was called. Then each client sees the same thing, as if the operations were done one after the other.
 *
 * It tries the orders depth first, and no set of done operations with the same state twice.
 *
 * @param states must be equal as texts when they are equal
 * @see J. M. Wing and C. Gong, Testing and Verifying Concurrent Objects (1993); G. Lowe, Testing for Linearizability (2017)
 */
export function isLinearizable<State, Action>(
  given: readonly Operation<Action>[],
  initial: State,
  step: Step<State, Action>,
): boolean {
  const operations = given.toSorted((one, other) => one.called - other.called);
  const seen = new Set<string>();
  const attempts: Attempt<State>[] = [{ state: initial, first: 0, later: [] }];
  for (let attempt = attempts.pop(); attempt !== undefined; attempt = attempts.pop()) {
    const { state, first, later } = attempt;
    const open = candidates(operations, first, new Set(later));
    // operations without an answer need not have happened
    if (open.every((index) => operations[index]!.answered === Infinity)) return true;
    for (const index of open.toReversed()) {
      const next = step(state, operations[index]!.action);
      if (next === undefined) continue;
      const following = withOne(first, later, index, next.state);
      const key = `${following.first} ${following.later.join()} ${String(following.state)}`;
      if (seen.has(key)) continue;
      seen.add(key);
      attempts.push(following);
    }
  }
  return false;
}

/** The operations that may come next: all that were called before any of the remaining operations was answered. */
function candidates<Action>(operations: readonly Operation<Action>[], first: number, later: ReadonlySet<number>): number[] {
  const open: number[] = [];
  let earliestAnswer = Infinity;
  for (let index = first; index < operations.length; index++) {
    const { called, answered } = operations[index]!;
    if (called > earliestAnswer) break;
    if (later.has(index)) continue;
    open.push(index);
    earliestAnswer = Math.min(earliestAnswer, answered);
  }
  return open;
}

function withOne<State>(first: number, later: readonly number[], index: number, state: State): Attempt<State> {
  if (index !== first) return { state, first, later: [...later, index].sort((one, other) => one - other) };
  let next = first + 1;
  let skipped = 0;
  while (later[skipped] === next) {
    next++;
    skipped++;
  }
  return { state, first: next, later: later.slice(skipped) };
}
