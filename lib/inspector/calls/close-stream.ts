import { HANDLE } from '../../client/proxy/proxy-traps.js';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { DAEMON_METHODS, DAEMON_OBJECT_ID } from '../../protocol/constants.js';

/** Longest time to close a stream at its daemon, connecting included: a daemon that hangs closes nothing. */
const CLOSE_TIMEOUT_MS = 1_500;

/**
 * Closes a stream at its daemon over another connection: a request for an item may run over the connection of the stream. Never fails.
 *
 * @param proxy of any object of the daemon
 */
export async function closeAtDaemon(proxy: RemoteObject, streamId: string): Promise<void> {
  const call = { objectId: DAEMON_OBJECT_ID, method: DAEMON_METHODS.closeStream, args: [streamId], kwargs: {}, flags: 0 };
  await proxy[HANDLE].core.calls.run(call, { callTimeoutMs: CLOSE_TIMEOUT_MS }).catch(() => undefined);
}
