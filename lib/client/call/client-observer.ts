import type { Annotations } from '../../protocol/messages/annotations.js';
import type { RemoteMetadata } from '../connection/remote-metadata.js';
import type { OutgoingCall } from './outgoing-call.js';

/** Follows the calls of one proxy, for traces and metrics. While nobody observes, the cost for a call is the check of one field. */
export interface ClientObserver {
  /**
   * Runs a call. Called when the call is made. Must call `body` at once, and return its result. May set `call.trace` before. Afterwards
   * `call.connection` is the connection that was used.
   *
   * @param signal the signal by which the program may abort the call
   */
  call(call: OutgoingCall, body: () => Promise<unknown>, signal?: AbortSignal): Promise<unknown>;
  /**
   * Runs a step of connecting, in the async context of the call that needs the connection. Must call `body` at once; for a lookup with the
   * annotations that tell the name server of the trace.
   */
  step<T>(step: 'connect' | 'lookup', body: (annotations?: Annotations) => Promise<T>): Promise<T>;
  /** A call waits for a connection. Must return what the promise gives. */
  wait<T>(connection: Promise<T>): Promise<T>;
  /** A connection is open. */
  connected(metadata: RemoteMetadata): void;
  /** A connection has ended. */
  disconnected(): void;
}
