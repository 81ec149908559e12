import type { DaemonSnapshot } from '../../daemon/contract/snapshot.js';
import type { PyroDaemonEvents } from '../../daemon/options/daemon-events.js';

/** Events of a `PyroServer`: the events of its daemon. */
export type PyroServerEvents = { [Event in keyof PyroDaemonEvents]: (...args: PyroDaemonEvents[Event]) => void };

/** The state of a `PyroServer` at one moment. */
export interface PyroServerSnapshot extends DaemonSnapshot {
  /** `name` of the options; null without one. */
  server: string | null;
}

/** Values of `PyroServer.status`. */
export type PyroServerStatus = 'connected' | 'disconnected';
