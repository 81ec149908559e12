import { disposalOf, disposeObject, isDisposable } from '../../objects/disposal.js';

/**
 * Disposes an instance for which the caller waits a limited time.
 *
 * @param wait runs the disposal, and waits for it
 * @returns undefined when there is nothing to dispose
 */
export function disposeWithin<T>(
  instance: object,
  wait: (what: string, disposal: () => Promise<unknown>) => Promise<T>,
): Promise<T> | undefined {
  return isDisposable(instance) ? wait(disposalOf(instance), () => disposeObject(instance)) : undefined;
}
