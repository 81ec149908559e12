/**
 * Runs a call between Nest's processing hooks.
 *
 * @param start calls the hook of the start. The hook runs the call by calling `process`, at once or later
 * @param end calls the hook of the end
 * @param run runs the call. It must call its argument when the call and its stream have ended
 * @returns the result of the call; rejects with the error of the call, or of the hook of the start
 */
export function runBetween(
  start: (process: () => Promise<void>) => unknown,
  end: () => void,
  run: (end: () => void) => Promise<unknown>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const endOnce = once(end);
    const process = async (): Promise<void> => {
      try {
        resolve(await run(endOnce));
      } catch (error) {
        endOnce();
        reject(error as Error);
      }
    };
    const begun = start(process);
    if (begun instanceof Promise) begun.catch(reject);
  });
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
