import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { isObservable, lastValueFrom } from 'rxjs';

/** Asks guards one after the other, up to the first that refuses. Returns a promise when a guard gives a promise or an Observable. */
export function askGuards(guards: readonly CanActivate[], context: ExecutionContext): boolean | Promise<boolean> {
  for (let index = 0; index < guards.length; index++) {
    const answer = guards[index]!.canActivate(context);
    if (answer === false) return false;
    if (answer !== true) return askOn(answer, guards.slice(index + 1), context);
  }
  return true;
}

/** Waits for the answer of a guard, and asks the guards after it. */
async function askOn(answer: unknown, others: readonly CanActivate[], context: ExecutionContext): Promise<boolean> {
  const awaited = await answer;
  const isAllowed = isObservable(awaited) ? await lastValueFrom(awaited) : awaited;
  return Boolean(isAllowed) && askGuards(others, context);
}
