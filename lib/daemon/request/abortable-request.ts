import { FLAGS } from '../../protocol/constants.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import { clientGone, type SessionConnection } from '../connection/session-connection.js';
import type { ReplyChannel } from '../contract/reply-channel.js';
import type { DaemonServices } from './daemon-services.js';
import { RequestMemory } from './request-memory.js';

/** A request whose calls learn that nobody waits for them any more. */
export abstract class AbortableRequest extends RequestMemory {
  readonly flags: number;
  /** True once the result of the call is a stream, which may outlive the connection. */
  protected streaming = false;
  private controller: AbortController | undefined;
  private abortReason: Error | undefined;
  private abortHooks: Set<(reason: Error) => void> | undefined;
  private stopWatchingPeer: (() => void) | undefined;

  constructor(
    services: DaemonServices,
    channel: ReplyChannel,
    connection: SessionConnection,
    serializer: Serializer,
    frame: Frame,
  ) {
    super(services, channel, connection, serializer, frame);
    this.flags = frame.header.flags;
  }

  get oneway(): boolean {
    return (this.flags & FLAGS.oneway) !== 0;
  }

  /** Nobody waits for a oneway call: it goes on when its client has gone, as in Pyro5. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.watchPeer();
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  /** Runs `hook` when {@link signal} aborts, or has aborted; a signal costs more. @returns a function that takes the hook back */
  onAbort(hook: (reason: Error) => void): () => void {
    this.watchPeer();
    const hooks = (this.abortHooks ??= new Set());
    if (this.abortReason === undefined) hooks.add(hook);
    else setImmediate(hook, this.abortReason);
    return () => hooks.delete(hook);
  }

  /** Aborts when the client leaves, or has left. */
  private watchPeer(): void {
    if (this.abortReason !== undefined || this.stopWatchingPeer !== undefined || this.streaming || this.oneway) return;
    if (!this.connection.connected) this.abort(clientGone());
    else this.stopWatchingPeer = this.connection.onGone(() => this.abort(clientGone()));
  }

  abort(reason: Error): void {
    this.abortReason ??= reason;
    this.controller?.abort(reason);
    for (const hook of this.abortHooks ?? []) hook(this.abortReason);
    this.abortHooks = undefined;
  }

  /** True for the error of code that ends since the signal has aborted. Node's own functions reject with an AbortError. */
  protected isAbort(error: unknown): boolean {
    const reason = this.abortReason;
    if (reason === undefined) return false;
    return error === reason || (error instanceof Error && error.name === 'AbortError' && error.cause === reason);
  }

  /** From now on a disconnect no longer aborts the signal. */
  protected forgetPeer(): void {
    this.stopWatchingPeer?.();
    this.stopWatchingPeer = undefined;
  }
}
