/**
 * Runs `cut` after the event loop has looked once at what lies in the kernel.
 *
 * Behind a task that blocked the event loop, timers come before the bytes and connections that have arrived meanwhile. So a deadline
 * that has passed looks at them before it cuts a peer that did nothing wrong. `cut` has to check again whether the deadline holds.
 */
export function lookBeforeCut(cut: () => void): void {
  // the first turn of the loop reads the sockets; what was read in one turn is served at its end
  setImmediate(() => setImmediate(cut));
}
