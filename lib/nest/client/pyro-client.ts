import { EventEmitter } from 'node:events';
import { ClientProxy, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { connectable, defer, Observable, Subject } from 'rxjs';
import type { CallOptions } from '../../client/options/proxy-options.js';
import type { UntypedRemote } from '../../client/proxy/remote-methods.js';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import { checkOptions, configError, type OptionRules, URI } from '../../options/option-checks.js';
import { printAs } from '../../protocol/texts/hidden-members.js';
import type { PyroUri } from '../../protocol/uri.js';
import { writePacketMetadata } from '../../protocol/packet-metadata.js';
import { printable } from '../../reports/printable.js';
import { followListeners } from '../../reports/failed-listeners.js';
import { warnIfItFails, warnOfError } from '../../reports/warning.js';
import { wireLogOf } from '../logging/wire-log.js';
import { MODULE_RULES, type PyroModuleOptions } from './client-registry.js';
import { SubscribedCall } from './subscribed-call.js';
import { remoteCallOf, type PyroPattern } from './pyro-pattern.js';

/** Options of a {@link PyroClient}: the options of its proxy, and the object's URI. */
export interface PyroClientOptions extends PyroModuleOptions {
  /** The object: `PYRO:`, `PYRONAME:` or `PYROMETA:`. */
  uri: PyroUri | string;
}

const RULES: OptionRules<PyroClientOptions> = { ...MODULE_RULES, uri: URI };

/** Events of a {@link PyroClient}. */
export interface PyroClientEvents {
  /** A connection was opened. */
  connect: () => void;
  /** A connection has ended, with the reason. */
  disconnect: (error: Error) => void;
}

/** Values of `PyroClient.status`. */
export type PyroClientStatus = 'connected' | 'disconnected';

/**
 * Calls a Pyro object through Nest's client interface: `ClientsModule.register([{ name, customClass: PyroClient, options: { uri } }])`.
 *
 * The client connects at its first call. All calls go through one proxy, with its options and limits.
 */
export class PyroClient<T = UntypedRemote> extends ClientProxy<PyroClientEvents> {
  private readonly events = new EventEmitter({ captureRejections: true });
  private readonly open = { connections: 0 };
  private readonly options: PyroClientOptions;
  private proxy: RemoteObject<T> | undefined;

  /** @throws {PyroError} `CONFIG` or `BAD_URI`, when an option is wrong */
  constructor(options: PyroClientOptions) {
    super();
    followListeners(this.events, warnOfError);
    if (options?.uri === undefined)
      throw configError("PyroClient has no uri; give it as options: { uri: 'PYRO:object@host:port' }");
    checkOptions(options, RULES);
    this.options = options;
    this.proxy = this.makeProxy();
    printAs(
      this,
      () => `PyroClient <${printable(String(options.uri))}, ${this.proxy?.$connected ? 'connected' : 'not connected'}>`,
    );
  }

  /** Emits whether the client is connected, from its first connection on. */
  override get status(): Observable<PyroClientStatus> {
    return super.status as Observable<PyroClientStatus>;
  }

  /** Connects, unless the client is connected. Throws the errors of `PyroProxy.connect`. */
  async connect(): Promise<RemoteObject<T>> {
    const proxy = this.unwrap();
    await proxy.$connect();
    return proxy;
  }

  /** Closes the connections. Running calls fail with a ConnectionClosedError. A later call connects again. */
  async close(): Promise<void> {
    const { proxy } = this;
    this.proxy = undefined;
    await proxy?.$release();
  }

  /** Adds a listener. Listeners stay when the client is closed. */
  override on<Event extends keyof PyroClientEvents>(event: Event, callback: PyroClientEvents[Event]): this {
    this.events.on(event, callback);
    return this;
  }

  /** The proxy: for batches, options of single calls, and streams with backpressure. */
  override unwrap<R = RemoteObject<T>>(): R {
    return (this.proxy ??= this.makeProxy()) as R;
  }

  /**
   * Calls a method, or reads or writes an attribute, each time the Observable is subscribed to.
   *
   * Emits the result, or each item of an iterator, or nothing for a oneway method. Unsubscribing aborts the call, or closes the
   * remote iterator. Errors are the errors of the proxy: a `PyroRemoteError` when the remote method failed.
   *
   * @param data an Array is the list of arguments, with `kwargs(…)` as the last; undefined means no arguments; every other value is
   *   the only argument. With `{ set }`: the value
   */
  override send<TResult = unknown, TInput = unknown>(pattern: PyroPattern, data?: TInput): Observable<TResult> {
    return new Observable((observer) => {
      const packet = this.createPacket(pattern, data);
      return this.publish(packet, this.createObserver(observer));
    });
  }

  /**
   * Makes a oneway call at once: calls a method, or writes an attribute, and waits for no result. Errors that occur before the call
   * is sent go to subscribers of the Observable.
   */
  override emit<TResult = unknown, TInput = unknown>(pattern: PyroPattern, data?: TInput): Observable<TResult> {
    const source = defer(() => this.dispatchEvent<TResult>(this.createPacket(pattern, data)));
    const hot = connectable(source, { connector: () => new Subject(), resetOnDisconnect: false });
    hot.connect();
    return hot;
  }

  /**
   * Starts the call of a subscriber of `send`.
   *
   * @param callback gets the result, each item of a stream, the end, or the error
   * @returns a function that cancels the call
   */
  protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const call = new SubscribedCall((signal) => this.carryOut(packet, { signal }), callback);
    return () => call.cancel();
  }

  /** Makes the oneway call of `emit`. Rejects when the call cannot be sent. */
  protected override async dispatchEvent<R = unknown>(packet: ReadPacket): Promise<R> {
    return (await this.carryOut(packet, { oneway: true })) as R;
  }

  private async carryOut({ pattern, data, metadata }: ReadPacket, options: CallOptions): Promise<unknown> {
    const { method, args } = remoteCallOf(pattern, data);
    const annotations = metadata && writePacketMetadata(metadata);
    return this.unwrap()
      .$with({ ...options, annotations })
      .$call(method, ...args);
  }

  /** Sockets refer to the options of the proxy. So the options must not refer to the client, or a dropped client would stay connected. */
  private makeProxy(): RemoteObject<T> {
    const { uri, onConnected, onDisconnected, wireLog, ...options } = this.options;
    const { events, open, _status$: status } = this;
    return PyroProxy.to<T>(uri, {
      ...options,
      wireLog: wireLogOf(wireLog),
      onConnected: () => {
        open.connections++;
        status.next('connected');
        warnIfItFails(() => events.emit('connect'));
        return onConnected?.();
      },
      onDisconnected: (error) => {
        if (--open.connections === 0) status.next('disconnected');
        warnIfItFails(() => events.emit('disconnect', error));
        return onDisconnected?.(error);
      },
    });
  }
}
