import type { Duplex } from 'node:stream';
import type { Frame } from '../../protocol/frame-reader.js';
import type { Acceptor } from '../../transport/acceptor.js';
import { DaemonConnection } from './connection.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import type { Dispatcher } from '../call/dispatcher.js';
import type { Handshake } from './handshake.js';
import { type Place, Places } from './places.js';
import type { Replies } from '../call/replies.js';
import { RequestLoop, type RequestLoopOwner } from './request-loop.js';
import type { StreamRegistry } from '../call/streams.js';

/** What a keeper tells its daemon. */
export interface ConnectionEvents {
  connected(connection: DaemonConnection): void;
  refused(error: Error, connection: DaemonConnection): void;
  disconnected(connection: DaemonConnection, error: Error | undefined): void;
  failed(error: unknown): void;
}

/** The connections of a daemon, from the accepted socket to the end of the session. */
export class ConnectionKeeper implements RequestLoopOwner, Acceptor<Place> {
  private readonly loops = new Set<RequestLoop>();
  private readonly admitted = new Set<RequestLoop>();
  private readonly endings = new Set<Promise<void>>();
  private readonly places: Places;

  constructor(
    private readonly options: ResolvedDaemonOptions,
    private readonly handshakes: Handshake,
    private readonly dispatcher: Dispatcher,
    private readonly replies: Replies,
    private readonly streams: StreamRegistry,
    private readonly events: ConnectionEvents,
  ) {
    this.places = new Places(options.maxConnections);
  }

  /** Connections that passed their handshake. */
  get connections(): DaemonConnection[] {
    return [...this.admitted].map(({ connection }) => connection);
  }

  /** A client has come; it has a place until it {@link leave}s or its connection ends. Undefined: there is none left. */
  accept(): Place | undefined {
    return this.places.take();
  }

  /** Takes the socket of a client that has arrived and will connect. */
  enter(place: Place, socket: Duplex): void {
    this.open(socket, place);
  }

  leave(place: Place): void {
    this.places.giveBack(place);
  }

  refused({ connectionId }: Place, error: Error, socket: Duplex): void {
    this.events.refused(error, new DaemonConnection(connectionId, socket, () => socket.destroy()));
  }

  /**
   * Takes a socket that is connected already: no handshake, only `validate`.
   *
   * @throws what `validate` throws; the socket is closed then
   */
  async adopt(socket: Duplex, validate: (connection: DaemonConnection) => Promise<void>): Promise<void> {
    const loop = this.open(socket, this.places.take()!);
    loop.frames.hold();
    try {
      await validate(loop.connection);
    } catch (error) {
      loop.hangUp('now');
      throw error;
    }
    this.admitted.add(loop);
    loop.startServing();
    loop.frames.release();
    this.events.connected(loop.connection);
  }

  /** The byte streams of all connections. */
  get sockets(): Duplex[] {
    return [...this.loops].map(({ frames }) => frames.socket);
  }

  /** Takes no more requests; resolves when the running ones have ended, those of `except` left out. */
  async stopAll(except?: DaemonConnection): Promise<void> {
    const stopping = [...this.loops].map((loop) => ({ connection: loop.connection, end: loop.stop() }));
    await Promise.all(stopping.filter(({ connection }) => connection !== except).map(({ end }) => end));
  }

  /** Ends all connections; resolves when those without a running call are gone and their sessions ended. */
  async hangUpAll(when: 'soon' | 'now'): Promise<void> {
    const idle = [...this.loops].filter((loop) => !loop.isBusy);
    const gone = idle.map((loop) => new Promise<void>((resolve) => void loop.frames.socket.once('close', () => resolve())));
    for (const loop of this.loops) loop.hangUp(when);
    await Promise.all(gone);
    await Promise.all(this.endings);
  }

  async handshake(loop: RequestLoop, frame: Frame): Promise<boolean> {
    const { maxConnections } = this.options;
    const full = loop.place.isOver ? `daemon is full: maxConnections (${maxConnections}) are open` : undefined;
    // what cannot even be refused (a hook's annotations are over the limit, say) is a failure of ours
    const failure = await this.handshakes.run(loop, frame, full).catch((error: Error) => {
      this.events.failed(error);
      return error;
    });
    if (failure) {
      if (!loop.isRefused) this.events.refused(failure, loop.connection);
      return false;
    }
    if (!loop.isConnecting) return false;
    this.admitted.add(loop);
    this.events.connected(loop.connection);
    return true;
  }

  handshakeFailed(loop: RequestLoop, error: Error): void {
    void this.replies
      .connectFail(loop, undefined, error.message)
      .catch((failure: unknown) => this.events.failed(failure))
      .finally(() => loop.close());
    this.events.refused(error, loop.connection);
  }

  serve(loop: RequestLoop, frame: Frame): Promise<void> | void {
    const failed = (error: unknown): void => {
      this.events.failed(error);
      loop.hangUp('now');
    };
    try {
      return this.dispatcher.serve(loop, frame)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  failed(error: unknown): void {
    this.events.failed(error);
  }

  protocolFailed(loop: RequestLoop, error: Error): void {
    loop.frames.destroy(error);
  }

  ended(loop: RequestLoop, error: Error | undefined): void {
    this.loops.delete(loop);
    this.leave(loop.place);
    const ending = this.endSession(loop, error)
      .catch((failure: unknown) => this.events.failed(failure))
      .finally(() => this.endings.delete(ending));
    this.endings.add(ending);
  }

  private open(socket: Duplex, place: Place): RequestLoop {
    const loop = new RequestLoop(place, socket, this.options, this);
    this.loops.add(loop);
    return loop;
  }

  /** Users end before what they use: streams, then the daemon's hook, objects, and tracked resources. */
  private async endSession(loop: RequestLoop, error: Error | undefined): Promise<void> {
    const { connection } = loop;
    const streamsEnded = this.streams.connectionEnded(connection);
    if (this.admitted.delete(loop)) this.events.disconnected(connection, error);
    const targets = [...connection.usedTargets].reverse();
    await Promise.all(
      targets.map(async (target) => {
        try {
          await target.connectionEnded?.(connection, streamsEnded);
        } catch (failure) {
          this.events.failed(failure);
        }
      }),
    );
    await connection.resources.closeAll((failure) => this.events.failed(failure));
  }
}
