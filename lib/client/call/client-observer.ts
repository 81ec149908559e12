import type { AnnotationValues } from '../options/proxy-options.js';
import type { OutgoingCall } from './outgoing-call.js';

/** Follows the calls of one proxy, for traces and metrics. A proxy that nobody observes pays for it with the check of one field. */
export interface ClientObserver {
  /**
   * Runs a call, from the moment on in which it is made. Must call `body` at once, with annotations to send, and return its result.
   * Afterwards `call.connection` is the connection that was used.
   */
  call(call: OutgoingCall, body: (annotations: AnnotationValues | undefined) => Promise<unknown>): Promise<unknown>;
  /** Runs a step of connecting, in the async context of the call that needs the connection. Must call `body` at once. */
  step<T>(step: 'connect' | 'lookup', body: () => Promise<T>): Promise<T>;
}
