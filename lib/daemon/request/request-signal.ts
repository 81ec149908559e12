import { clientGone, type SessionConnection } from '../connection/session-connection.js';

/** The parts of a request that its signal reads. */
interface WatchedRequest {
  readonly connection: SessionConnection;
  readonly oneway: boolean;
  /** The stream that the call has returned, which may outlive the connection. */
  readonly stream: object | undefined;
}

/** The `signal` of the calls of one request. Most requests have none: it is made when a call asks for it, or when a call is aborted. */
export class RequestSignal {
  private controller: AbortController | undefined;
  private reason: Error | undefined;
  private hooks: Set<(reason: Error) => void> | undefined;
  private stopWatchingPeer: (() => void) | undefined;

  constructor(private readonly request: WatchedRequest) {}

  /** Nobody waits for a oneway call: its signal does not abort when its client has gone, as in Pyro5. */
  get abortSignal(): AbortSignal {
    if (this.controller === undefined) {
      this.watchPeer();
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /** Runs `hook` when {@link abortSignal} aborts, or has aborted. An AbortSignal costs more. @returns a function that takes the hook back */
  onAbort(hook: (reason: Error) => void): () => void {
    this.watchPeer();
    const hooks = (this.hooks ??= new Set());
    if (this.reason === undefined) hooks.add(hook);
    else setImmediate(hook, this.reason);
    return () => hooks.delete(hook);
  }

  /** The first reason counts. */
  abort(reason: Error): void {
    this.reason ??= reason;
    this.controller?.abort(reason);
    for (const hook of this.hooks ?? []) hook(this.reason);
    this.hooks = undefined;
  }

  /** True for the error of code that ends because the signal has aborted. Node's own functions reject with an AbortError. */
  hasCaused(error: unknown): boolean {
    const { reason } = this;
    if (reason === undefined) return false;
    return error === reason || (error instanceof Error && error.name === 'AbortError' && error.cause === reason);
  }

  /** From now on a disconnect no longer aborts the signal. */
  forgetPeer(): void {
    this.stopWatchingPeer?.();
    this.stopWatchingPeer = undefined;
  }

  /** Aborts when the client leaves, or has left. */
  private watchPeer(): void {
    const { connection, stream, oneway } = this.request;
    if (this.reason !== undefined || this.stopWatchingPeer !== undefined || stream !== undefined || oneway) return;
    if (!connection.connected) this.abort(clientGone());
    else this.stopWatchingPeer = connection.onGone(() => this.abort(clientGone()));
  }
}
