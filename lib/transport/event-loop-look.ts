/**
 * Runs `cut` after the event loop has read once what has arrived in the kernel.
 *
 * After a task that blocked the event loop, timers run before the bytes and connections that have arrived meanwhile are read. So a passed
 * deadline waits for this read before it cuts a peer that did nothing wrong. `cut` has to check the deadline again.
 */
export function lookBeforeCut(cut: () => void): void {
  // the first turn of the loop reads the sockets; what was read in one turn is served at its end
  setImmediate(() => setImmediate(cut));
}
