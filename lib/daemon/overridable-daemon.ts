import { EventEmitter } from 'node:events';
import { NO_ANNOTATIONS } from '../protocol/annotations.js';
import { asError } from '../protocol/safe-text.js';
import type { DaemonConnection } from './session/connection.js';
import type { CallErrorInfo, PyroDaemonEvents } from './options/daemon-events.js';
import type { ResolvedDaemonOptions } from './options/daemon-options.js';
import { runHook } from './run-hook.js';
import type { Authorization, AuthorizeRequest } from './contract/target.js';

/** What a daemon asks of its owner and tells him: methods to override, or options, and events. */
export abstract class OverridableDaemon extends EventEmitter<PyroDaemonEvents> {
  constructor(protected readonly options: ResolvedDaemonOptions) {
    super();
  }

  /** Override, or give the option, to add annotations to every reply. */
  annotations(): ReadonlyMap<string, Buffer> {
    const given = this.options.annotations?.();
    if (given === undefined) return NO_ANNOTATIONS;
    const entries =
      given instanceof Map
        ? [...(given as ReadonlyMap<string, Uint8Array>)]
        : Object.entries(given as Record<string, Uint8Array>);
    return new Map(entries.map(([id, data]) => [id, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
  }

  /** Override, or give the option, to let connections in: throw to refuse; the message is what the client is told. */
  validateHandshake(request: AuthorizeRequest): Promise<Authorization> | Authorization {
    return this.options.validateHandshake?.(request) ?? {};
  }

  /** Override, or give the option, to learn that a connection has ended. */
  clientDisconnect(connection: DaemonConnection): Promise<void> | void {
    return this.options.clientDisconnect?.(connection);
  }

  /** Override, or give the option, for periodic work. */
  housekeeping(): Promise<void> | void {
    return this.options.housekeeping?.();
  }

  /** @internal */
  reportCallFailed(error: unknown, info: CallErrorInfo): void {
    this.guarded(() => this.emit('callFailed', error, info));
  }

  /** @internal */
  reportCallError(error: unknown, info: CallErrorInfo): void {
    this.guarded(() => this.emit('callError', error, info));
  }

  /** Runs what the owner gave; its failure is told as an error. */
  protected guarded(hook: () => unknown): void {
    runHook(hook, (error) => this.fail(error));
  }

  /** Tells who listens to errors; without anybody it is a warning of the process, never its end. */
  protected fail(error: unknown): void {
    const failure = asError(error);
    if (this.listenerCount('error') > 0) this.emit('error', failure);
    else process.emitWarning(failure);
  }
}
