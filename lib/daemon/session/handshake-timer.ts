import { lookBeforeCut } from '../../calls/event-loop-look.js';
import { overLimit } from '../../protocol/over-limit.js';
import { tooLongText } from '../connection/guard-time-limit.js';

/**
 * Starts the time of a handshake. The caller clears the timer when the handshake has ended.
 *
 * @param acceptedAt `performance.now()` when the client was accepted
 * @param requests busy while the CONNECT message is answered
 * @param refuse called when the handshake takes longer than `handshakeTimeoutMs`
 * @returns undefined without `handshakeTimeoutMs`
 */
export function startHandshakeTimer(
  handshakeTimeoutMs: number,
  acceptedAt: number,
  requests: { readonly isBusy: boolean },
  frames: { readonly arrivedBytes: number },
  refuse: (error: Error) => void,
): NodeJS.Timeout | undefined {
  if (handshakeTimeoutMs === 0) return undefined;
  const remainingMs = Math.max(1, acceptedAt + handshakeTimeoutMs - performance.now());
  let hasMoreTime = false;
  const timer = setTimeout(() => {
    const [isAnswered, { arrivedBytes }] = [requests.isBusy, frames];
    lookBeforeCut(() => {
      // the CONNECT message lay in the kernel: its guards have their time from now on
      const hasArrived = !isAnswered && (requests.isBusy || frames.arrivedBytes > arrivedBytes);
      if (!hasArrived || hasMoreTime) {
        return refuse(overLimit('handshakeTimeoutMs', new Error(tooLongText('handshake', handshakeTimeoutMs))));
      }
      hasMoreTime = true;
      timer.refresh();
    });
  }, remainingMs).unref();
  return timer;
}
