import type { OpenedConnection } from './connection-opener.js';
import type { ProxyGroup } from './proxy-group.js';

/** Options of the connections of a proxy. */
export interface PoolOptions {
  poolSize: number;
  maxQueuedCalls: number;
  idleTimeoutMs: number;
}

/** The parts of a pool besides its options. */
export interface PoolParts {
  open: (signal: AbortSignal, onFailedAttempt: (error: Error) => void) => Promise<OpenedConnection>;
  onOpened(opened: OpenedConnection): void;
  /** The group that the proxy belongs to, if any. */
  group: ProxyGroup | undefined;
  /** True: open connections keep the process alive. False: only connections that a call uses do. */
  keepsProcessAlive: boolean;
  /** True: a connection is opened in the async context of the call that needs it, also where another event opens it. */
  keepsContexts: boolean;
}

/** The use of a pool at this moment. */
export interface PoolUse {
  /** Open connections. */
  readonly connections: number;
  /** Open connections that a call uses. */
  readonly busy: number;
  /** Calls that wait for a connection. */
  readonly waiting: number;
}
