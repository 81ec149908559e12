import { currentCall } from '../../calls/current-call.js';
import type { DaemonConnection } from '../session/connection.js';
import type { Daemon } from '../daemon.js';

/** All about one request: what came with it, and what shall go back with its reply. One per call; one per entry of a batch. */
export interface CallContext {
  readonly daemon: Daemon;
  readonly connection: DaemonConnection;
  readonly objectId: string;
  /** Wire name; `__getattr__`/`__setattr__` for attributes. */
  readonly method: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly seq: number;
  readonly flags: number;
  readonly serializer: string;
  /** UUID in its usual text form. */
  readonly correlationId: string;
  readonly annotations: ReadonlyMap<string, Buffer>;
  /** Goes back with the reply. Of a stream: what is set before it is opened goes with that reply, later ones with the next item. */
  readonly responseAnnotations: Map<string, Buffer>;
  readonly oneway: boolean;
  /** Who the peer is to this object, as its handshake guards said. */
  readonly principal: unknown;
  /** Aborted when the client goes away or the call is over `callTimeoutMs`. */
  readonly signal: AbortSignal;
  /** Keeps a resource weakly; it is closed (`close`, `Symbol.asyncDispose` or `Symbol.dispose`) when the connection ends. */
  track(resource: object): void;
  untrack(resource: object): void;
}

/**
 * The call that the running code serves, also behind its awaits; undefined outside of one.
 *
 * @see Pyro5/callcontext.py, `current_context`
 */
export function currentContext(): CallContext | undefined {
  return currentCall() as CallContext | undefined;
}
