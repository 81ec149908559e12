import { captureRejectionSymbol, type EventEmitter } from 'node:events';

/**
 * Reports the errors of listeners that are async functions. Without a report they would end the process.
 *
 * @param emitter was made with `captureRejections`
 */
export function followListeners(
  emitter: Pick<EventEmitter, 'emit'>,
  report: (error: unknown, event: string | symbol) => void,
): void {
  Object.defineProperty(emitter, captureRejectionSymbol, { value: report });
}
