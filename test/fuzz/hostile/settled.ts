import type { FuzzedServer, ServerState } from './fuzzed-server.js';

/** A server that keeps something for longer, keeps it for ever. Long enough for the busiest machine. */
const SETTLE_MS = 60_000;

/**
 * Waits until the peers are gone from the server.
 *
 * @param handles how many may stay; 0: any number
 * @throws {Error} when the server had a problem, or something stays
 */
export async function settled(server: FuzzedServer, handles: number): Promise<ServerState> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const state = await server.state();
    if (state.problems.length > 0) throw new Error(state.problems.join('\n'));
    const isSettled = state.connections === 0 && state.streams === 0 && (handles === 0 || state.handles <= handles);
    if (isSettled) return state;
    if (performance.now() > deadline) {
      const { connections, streams, handles: open } = state;
      throw new Error(
        `stays when the peers are gone: ${connections} connections, ${streams} streams, ${open} handles (${handles} before)`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
