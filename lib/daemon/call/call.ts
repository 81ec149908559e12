import type { Annotations } from '../../protocol/annotations.js';
import { FLAGS } from '../../protocol/constants.js';
import type { RandomIds } from '../../calls/correlation-id.js';
import type { Frame } from '../../protocol/frame-reader.js';
import type { CallContext } from '../contract/call-context.js';
import type { DaemonConnection } from '../session/connection.js';
import type { Daemon } from '../daemon.js';

/** The request that a proxy came with. */
export interface ProxyOrigin {
  readonly daemon: Daemon;
  readonly connection: DaemonConnection;
  /** Runs `hook` when the request is over: its method has ended, and so has its item stream, if it gave one. */
  onEnd(hook: () => void): void;
}

/** What all calls of one request share; a batch has many calls, any other request one. */
export class Request implements ProxyOrigin {
  readonly seq: number;
  readonly flags: number;
  /** What was put into {@link responseAnnotations}. */
  replyAnnotations: Map<string, Buffer> | undefined;
  /** Who the peer is to the object; set before the object is reached. */
  principal: unknown;
  private id: Buffer | undefined;
  private uuid: string | undefined;
  private controller: AbortController | undefined;
  private abortReason: Error | undefined;
  private forget: (() => void) | undefined;
  private streaming = false;
  private isTimedOut = false;
  private kept: Annotations;
  private endHooks: (() => void)[] | undefined;

  constructor(
    readonly daemon: Daemon,
    readonly connection: DaemonConnection,
    frame: Frame,
    readonly serializer: string,
    private readonly ids: RandomIds,
  ) {
    const { header, correlationId } = frame;
    this.kept = frame.annotations;
    this.seq = header.seq;
    this.flags = header.flags;
    // a copy: kept by whoever keeps the context, it must not keep the message
    this.id = correlationId && Buffer.from(correlationId);
  }

  get annotations(): Annotations {
    return this.kept;
  }

  /** Where annotations are put that shall go back with the reply. */
  get responseAnnotations(): Map<string, Buffer> {
    return (this.replyAnnotations ??= new Map());
  }

  /** 16 bytes: the client's, or else new ones. */
  get correlationBytes(): Buffer {
    return (this.id ??= this.ids.next());
  }

  get correlationId(): string {
    return (this.uuid ??= formatUuid(this.correlationBytes));
  }

  get oneway(): boolean {
    return (this.flags & FLAGS.oneway) !== 0;
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
      else if (this.streaming) return this.controller.signal;
      else if (!this.connection.connected) this.controller.abort(clientGone());
      else this.forget = this.connection.onGone(() => this.abort(clientGone()));
    }
    return this.controller.signal;
  }

  /** True once the client was answered that the call took too long. */
  get timedOut(): boolean {
    return this.isTimedOut;
  }

  timeOut(reason: Error): void {
    this.isTimedOut = true;
    this.abort(reason);
  }

  abort(reason: Error): void {
    this.abortReason ??= reason;
    this.controller?.abort(reason);
  }

  /** Its result is a stream, which may outlive the connection: from now on the signal fires when the stream is cut off. */
  becomeStream(): void {
    this.streaming = true;
    // views on the message, which may be large, would be kept as long as the stream is
    this.kept = new Map([...this.kept].map(([id, data]) => [id, Buffer.from(data)]));
    this.finish();
  }

  /** Its method has ended; the peer's going away no longer matters to it. */
  finish(): void {
    this.forget?.();
    this.forget = undefined;
    if (!this.streaming) this.end();
  }

  /** It is over: method, and stream if there was one. */
  end(): void {
    const hooks = this.endHooks;
    this.endHooks = undefined;
    for (const hook of hooks ?? []) hook();
  }

  onEnd(hook: () => void): void {
    (this.endHooks ??= []).push(hook);
  }
}

/** One call of a request. */
export class Call implements CallContext {
  constructor(
    readonly request: Request,
    readonly objectId: string,
    readonly method: string,
    readonly kwargs: Readonly<Record<string, unknown>>,
  ) {}

  get daemon(): Daemon {
    return this.request.daemon;
  }
  get connection(): DaemonConnection {
    return this.request.connection;
  }
  get seq(): number {
    return this.request.seq;
  }
  get flags(): number {
    return this.request.flags;
  }
  get serializer(): string {
    return this.request.serializer;
  }
  get correlationId(): string {
    return this.request.correlationId;
  }
  get annotations(): ReadonlyMap<string, Buffer> {
    return this.request.annotations;
  }
  get responseAnnotations(): Map<string, Buffer> {
    return this.request.responseAnnotations;
  }
  get oneway(): boolean {
    return this.request.oneway;
  }
  get principal(): unknown {
    return this.request.principal;
  }
  get signal(): AbortSignal {
    return this.request.signal;
  }

  track(resource: object): void {
    const { resources } = this.connection;
    resources.track(resource);
    // a stream that outlives its connection is the last that uses it
    if (resources.isClosed) this.request.onEnd(() => void resources.close(resource));
  }

  untrack(resource: object): void {
    this.connection.resources.untrack(resource);
  }
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function clientGone(): Error {
  return new Error('the client has gone away');
}
