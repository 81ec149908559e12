import { afterEach } from 'vitest';
import { PyroDaemon } from '../../../lib/pyro/pyro-daemon.js';
import type { PyroDaemonOptions } from '../../../lib/pyro/pyro-daemon-options.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';

const daemons: PyroDaemon[] = [];
const peers: ScriptedPeer[] = [];

/** Starts a daemon on a free port and closes it after the test. The test fails when the daemon reported an error. */
export async function startDaemon(options: PyroDaemonOptions = {}): Promise<PyroDaemon> {
  const daemon = await PyroDaemon.listen(options.unixSocket === undefined ? { host: '127.0.0.1', ...options } : options);
  daemons.push(daemon);
  return daemon;
}

export async function open(daemon: PyroDaemon): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.open(daemon.locationStr);
  peers.push(peer);
  return peer;
}

export async function join(daemon: PyroDaemon, object?: string, handshake?: unknown): Promise<ScriptedPeer> {
  const peer = await ScriptedPeer.join(daemon.locationStr, object, handshake);
  peers.push(peer);
  return peer;
}

/** Joins a daemon whose `handshakeTimeoutMs` is so short that a busy machine may miss it: tries again then. */
export async function joinInTime(daemon: PyroDaemon, object?: string): Promise<ScriptedPeer> {
  for (;;) {
    try {
      return await join(daemon, object);
    } catch (error) {
      if (!String(error).includes('took longer than handshakeTimeoutMs')) throw error;
    }
  }
}

/** Waits until `condition` holds; fails after `ms`. */
export async function eventually(condition: () => boolean, what = 'condition', ms = 20_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come to hold within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  for (const daemon of daemons.splice(0)) await daemon.close();
});
