import type { ConnectionGroup } from '../../transport/connection-group.js';
import type { DaemonServices } from '../request/daemon-services.js';
import type { Dispatcher } from '../call/dispatcher.js';
import type { SessionConnection } from '../connection/session-connection.js';

/** The parts that the sessions of a daemon share. */
export interface SessionServices {
  readonly services: DaemonServices;
  readonly dispatcher: Dispatcher;
  readonly group: ConnectionGroup;
}

/** The session of a request loop. */
export interface ServingSession {
  readonly connection: SessionConnection;
  /** True while requests are served. A request that is served may end this. */
  readonly isServing: boolean;
  /** Called when a request has ended, and when no more frames are there. */
  settle(): void;
  /** Ends the connection after the messages that were sent. @param reason the limit that is reached */
  close(reason?: Error): void;
  /** Cuts the connection at once. */
  destroy(): void;
}
