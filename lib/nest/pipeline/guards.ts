import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';
import { type TeardownReporter, withGuardedTeardown } from './guarded-teardown.js';

/**
 * Asks guards one after the other, up to the first that refuses. Returns a promise when a guard gives a promise or an Observable.
 *
 * @param reporter gets the error of a teardown of a guard's Observable
 */
export function askGuards(
  guards: readonly CanActivate[],
  context: ExecutionContext,
  reporter: TeardownReporter,
): boolean | Promise<boolean> {
  for (let index = 0; index < guards.length; index++) {
    const answer = guards[index]!.canActivate(context);
    if (answer === false) return false;
    if (answer !== true) return askOn(answer, guards.slice(index + 1), context, reporter);
  }
  return true;
}

/** Waits for the answer of a guard, and asks the guards after it. */
async function askOn(
  answer: unknown,
  others: readonly CanActivate[],
  context: ExecutionContext,
  reporter: TeardownReporter,
): Promise<boolean> {
  const awaited = await answer;
  const isAllowed = isObservable(awaited) ? await lastValueFrom(withGuardedTeardown(awaited, reporter)) : awaited;
  return Boolean(isAllowed) && askGuards(others, context, reporter);
}
