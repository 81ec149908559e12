/** Runs what the owner of a daemon gave; its error, also that of an async hook nobody waits for, goes to `onError`. */
export function runHook(hook: () => unknown, onError: (error: unknown) => void): void {
  try {
    const result = hook();
    if (result instanceof Promise) result.catch(onError);
  } catch (error) {
    onError(error);
  }
}
