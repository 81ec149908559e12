/** What is yielded is waited for and given back, as with `await`, but what is there already costs no turn of the event loop. */
export type Steps<T> = Generator<unknown, T, unknown>;

type Step<T> = IteratorResult<unknown, T>;

/**
 * Runs steps: at once up to the first promise, then as an async function would.
 *
 * Between the request and the reply of a small call there were ten promises, which under AsyncLocalStorage on Node 20 took
 * half of the time.
 *
 * @returns a promise only when something had to be waited for
 */
export function runSteps<T>(steps: Steps<T>): T | Promise<T> {
  const step = runOn(steps, steps.next());
  return step.done ? step.value : runAsync(steps, step.value);
}

/** Whether `await` would wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    return typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
  } catch {
    // a getter that throws: `await` will say so
    return true;
  }
}

/** Up to the end, or to what has to be waited for. */
function runOn<T>(steps: Steps<T>, step: Step<T>): Step<T> {
  while (!step.done && !isThenable(step.value)) step = steps.next(step.value);
  return step;
}

async function runAsync<T>(steps: Steps<T>, pending: unknown): Promise<T> {
  for (;;) {
    let value: unknown;
    let failed = false;
    try {
      value = await pending;
    } catch (error) {
      failed = true;
      value = error;
    }
    const step = runOn(steps, failed ? steps.throw(value) : steps.next(value));
    if (step.done) return step.value;
    pending = step.value;
  }
}
