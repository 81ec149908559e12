import type { Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { runIsolated } from '../calls/async-context.js';
import { isThenable } from '../calls/thenable.js';
import { checkArgument, milliseconds, type OptionRule } from '../options/option-checks.js';
import { endsWithin } from '../calls/deadline.js';
import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import { DaemonError } from '../protocol/errors.js';
import type { Acceptor } from '../transport/sockets/acceptor.js';
import { Listener } from '../transport/sockets/listener.js';
import { inProcessLocation, localLocation } from '../protocol/location.js';
import type { DaemonServices } from './request/daemon-services.js';
import { checkAnnotationsHook } from './request/daemon-annotations.js';
import { checkHandshakeHook } from './connection/authorizations.js';
import { CLEAN_UP_MS } from './connection/clean-up-times.js';
import type { DaemonState } from './contract/snapshot.js';
import type { Registrations } from './object/registrations.js';
import type { Sessions } from './session/sessions.js';
import type { Slot } from './session/slots.js';

/** How long draining and an orderly shutdown wait for running calls. */
export const DEFAULT_DRAIN_MS = 10_000;

/** Takes how long draining and a shutdown wait. */
export const DEADLINE: OptionRule = milliseconds();

/** Longest that closing waits for all clean-ups of sessions, or of objects: several of them may hang, one after the other. */
const MAX_CLEAN_UPS_MS = 3 * CLEAN_UP_MS;

/** Takes the answer of a condition. A promise would be true for ever. */
const ANSWER: OptionRule = { takes: 'true or false, at once', fits: (value) => !isThenable(value) };

/** Starts, drains and closes one daemon. */
export class Lifecycle {
  /** Location of the daemon, as in URIs. Undefined before it listens. */
  location: string | undefined;
  /** The state only moves forward, with one exception: a daemon that could not listen is `new` again. */
  state: DaemonState = 'new';
  /** `performance.now()` when the daemon began to listen; undefined before. */
  listeningSince: number | undefined;
  private listener: Listener | undefined;
  /** A listener that opens, or has opened. */
  private opening: Promise<Listener> | undefined;
  private housekeepingTimer: NodeJS.Timeout | undefined;
  private closing: Promise<void> | undefined;
  private readonly combined = new Set<Lifecycle>();
  private readonly closeCallbacks = new Set<() => void>();

  constructor(
    private readonly services: DaemonServices,
    private readonly sessions: Sessions,
    private readonly registrations: Registrations,
  ) {}

  get isListening(): boolean {
    return this.state === 'listening';
  }

  get isReachable(): boolean {
    return this.listener !== undefined;
  }

  get sock(): Server | Duplex | undefined {
    return this.listener?.server ?? (this.location === undefined ? undefined : this.services.options.connectedSocket);
  }

  /** @throws {DaemonError} on a second call @throws the error of the server socket, or of the hook that refused the connected socket */
  async start(): Promise<void> {
    if (this.state !== 'new') throw new DaemonError('the daemon was started before; make a new one');
    this.state = 'listening';
    const { options, reporter } = this.services;
    const { connectedSocket, listen = true } = options;
    this.checkHooks();
    if (!listen) {
      this.location = inProcessLocation();
    } else if (connectedSocket) {
      this.location = localLocation(connectedSocket);
      connectedSocket.once('close', () => this.endRequestLoops());
      await this.sessions.serveWithoutHandshake(connectedSocket, ({ authorizations }) =>
        authorizations.askDaemon(this.services.daemon, DAEMON_OBJECT_ID),
      );
    } else {
      try {
        this.opening = Listener.open(options, this.acceptor, (error) => reporter.error(error));
        this.listener = await this.opening;
      } catch (error) {
        if (this.isListening) this.state = 'new';
        throw error;
      }
      this.location = this.listener.location;
    }
    if (!this.isListening) {
      this.listener?.close();
      throw new DaemonError('the daemon was closed while it started');
    }
    this.listeningSince = performance.now();
    this.housekeepingTimer = setInterval(() => this.housekeep(), options.housekeepingIntervalMs).unref();
  }

  /** Serves one more socket, with a handshake. */
  serve(socket: Duplex): void {
    const slot = this.acceptor.accept((socket as Partial<Socket>).remoteAddress);
    if (slot) this.sessions.enter(slot, socket);
    else socket.on('error', () => undefined).destroy();
  }

  /** Lets another daemon drain and close together with this one. @throws {DaemonError} when that would be a circle */
  combine(other: Lifecycle): void {
    if (other.closesWith(this)) throw new DaemonError('a daemon cannot be combined with itself, nor with one that combined it');
    this.combined.add(other);
  }

  /**
   * Resolves when the daemon closes, when the peer of a `connectedSocket` has disconnected, or when `condition` returns false. `condition`
   * is called every `housekeepingIntervalMs`.
   */
  requestLoop(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearInterval(timer);
        this.closeCallbacks.delete(done);
        resolve();
      };
      const ask = (): void => {
        try {
          const goesOn: unknown = condition();
          checkArgument('requestLoop: the answer of the condition', goesOn, ANSWER);
          if (!goesOn) done();
        } catch (error) {
          reject(error as Error);
          done();
        }
      };
      const timer = setInterval(ask, this.services.options.housekeepingIntervalMs);
      this.closeCallbacks.add(done);
      if (this.state === 'closed' || this.services.options.connectedSocket?.destroyed) done();
      else ask();
    });
  }

  /**
   * Accepts no more connections and requests, and waits for the running calls and their replies.
   *
   * @returns true when all calls have ended, and their replies have left, in time
   */
  async drain(deadlineMs: number): Promise<boolean> {
    this.sessions.noteEndingCalls();
    if (this.state === 'listening') {
      this.state = 'draining';
      this.listener?.close();
    }
    const others = [...this.combined].map((lifecycle) => lifecycle.drain(deadlineMs));
    let areDrained = false;
    const drained = Promise.all([this.sessions.drainAll(), ...others]);
    await endsWithin(
      drained.then((all) => (areDrained = all.every(Boolean))),
      deadlineMs,
    );
    return areDrained;
  }

  /** The code that runs now waits for an end of the daemon that other code has begun. */
  joinEnd(): void {
    this.sessions.noteEndingCalls();
    for (const lifecycle of this.combined) lifecycle.joinEnd();
  }

  /** Closes the daemon, once. `soon`: replies that were sent still leave; `now`: connections are cut. Every caller waits for the same end. */
  close(when: 'soon' | 'now'): Promise<void> {
    this.sessions.noteEndingCalls();
    return (this.closing ??= this.closeOnce(when));
  }

  private async closeOnce(when: 'soon' | 'now'): Promise<void> {
    const { streams, reporter } = this.services;
    this.state = 'closed';
    clearInterval(this.housekeepingTimer);
    await Promise.all([...this.combined].map((lifecycle) => lifecycle.close(when)));
    this.listener?.close();
    streams.closeAll();
    await this.unlessHung(this.sessions.hangUpAll(when), 'the end of a session');
    await this.unlessHung(this.registrations.releaseAll(), 'the disposal of an object');
    // a listener that opens is closed by `start`; then another daemon may have the port
    await this.unlessHung(Promise.allSettled([this.opening]), 'the opening of the server socket');
    const { lastReplies } = this.sessions;
    if (lastReplies === undefined) return this.closed();
    // the calls that close the daemon wait for the promise of this method
    lastReplies.then(() => this.closed()).catch((error: unknown) => reporter.error(error));
  }

  private async closed(): Promise<void> {
    await this.services.proxies.release();
    this.endRequestLoops();
    this.services.reporter.emit('close');
  }

  /** Accepts clients while the daemon listens. Clients in their TLS handshake are disconnected when the daemon stops listening. */
  private readonly acceptor: Acceptor<Slot> = {
    accept: (remoteAddress) => (this.isListening ? this.sessions.accept(remoteAddress) : undefined),
    enter: (slot, socket) => {
      if (this.isListening) return this.sessions.enter(slot, socket);
      this.sessions.leave(slot);
      socket.destroy();
    },
    leave: (slot) => this.sessions.leave(slot),
    refused: (slot, error, socket) => this.sessions.refused(slot, error, socket),
  };

  private endRequestLoops(): void {
    for (const callback of this.closeCallbacks) callback();
  }

  /** A daemon whose hooks cannot work is `new` again. */
  private checkHooks(): void {
    try {
      const { daemon, options } = this.services;
      checkAnnotationsHook(() => runIsolated(() => daemon.annotations()));
      checkHandshakeHook(daemon);
      checkHandshakeHook(options);
    } catch (error) {
      this.state = 'new';
      throw error;
    }
  }

  /** Clean-ups are code of the application. Those that hang must not keep the daemon from closing. */
  private async unlessHung(work: Promise<unknown>, what: string): Promise<void> {
    if (await endsWithin(work, MAX_CLEAN_UPS_MS)) return;
    this.services.reporter.error(new DaemonError(`${what} took longer than ${MAX_CLEAN_UPS_MS} ms and is no longer waited for`));
  }

  private housekeep(): void {
    const { streams, reporter, daemon } = this.services;
    streams.expire(performance.now());
    this.sessions.sweep();
    reporter.run(() => daemon.housekeeping());
  }

  private closesWith(other: Lifecycle): boolean {
    return this === other || [...this.combined].some((lifecycle) => lifecycle.closesWith(other));
  }
}
