import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { NO_ANNOTATIONS } from '../protocol/annotations.js';
import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import { DaemonError } from '../protocol/errors.js';
import { ProxyReference } from '../protocol/proxy-reference.js';
import { PyroUri } from '../protocol/uri.js';
import type { Acceptor } from '../transport/acceptor.js';
import { endsWithin } from '../calls/deadline.js';
import { Listener } from '../transport/listener.js';
import { inProcessLocation, localLocation, natLocationOf } from '../protocol/location.js';
import { assembleDaemon } from './assembly.js';
import { type CallContext, currentContext } from './contract/call-context.js';
import type { ProxyOrigin } from './call/call.js';
import type { ConnectionKeeper } from './session/connection-keeper.js';
import type { DaemonConnection } from './session/connection.js';
import { DaemonObject } from './daemon-object.js';
import { type DaemonOptions, resolveDaemonOptions } from './options/daemon-options.js';
import { ExposedObject } from './object/exposed-object.js';
import { resetMetadata } from './object/expose.js';
import { type ObjectLease, ObjectLeases } from './leases.js';
import type { ObjectRegistry } from './object/registry.js';
import { OverridableDaemon } from './overridable-daemon.js';
import type { Place } from './session/places.js';
import { type RegisterOptions, Registrations } from './object/registrations.js';
import type { StreamRegistry } from './call/streams.js';
import type { ObjectMetadata, PyroTarget } from './contract/target.js';

/** Makes what proxies that clients send become; the layer above gives it, since a daemon knows of no client. */
export interface ProxyReceiver {
  receive(reference: ProxyReference, origin: ProxyOrigin): unknown;
  /** Ends what was made; the last thing before the daemon is closed. */
  release(): Promise<void>;
}

/** Longest that closing waits for disposals and disconnect hooks. */
const MAX_DISPOSAL_MS = 5_000;

type Lifecycle = 'new' | 'listening' | 'draining' | 'closed';

/**
 * Serves objects to Pyro clients. The event loop is Node's own: once it listens, it serves.
 *
 * Its only subclass here is `PyroDaemon`, which makes proxies of what clients pass.
 *
 * @see Pyro5/server.py, `Daemon`
 */
export class Daemon extends OverridableDaemon {
  private readonly registrations = new Registrations({
    unregistered: (objectId) => this.guarded(() => this.emit('unregistered', objectId)),
    failed: (error) => this.fail(error),
  });
  private readonly leases = new ObjectLeases(this);
  private readonly streams: StreamRegistry;
  private readonly keeper: ConnectionKeeper;
  /** Clients that come while it listens; those that are under way when it stops go away. */
  private readonly acceptor: Acceptor<Place> = {
    accept: () => (this.isListening ? this.keeper.accept() : undefined),
    enter: (place, socket) => {
      if (this.isListening) return this.keeper.enter(place, socket);
      this.keeper.leave(place);
      socket.destroy();
    },
    leave: (place) => this.keeper.leave(place),
    refused: (place, error, socket) => this.keeper.refused(place, error, socket),
  };
  private readonly combined = new Set<Daemon>();
  private listener: Listener | undefined;
  private housekeeper: NodeJS.Timeout | undefined;
  private lifecycle: Lifecycle = 'new';
  private location: string | undefined;
  private ending: Promise<void> | undefined;

  constructor(
    given: DaemonOptions,
    private readonly proxies: ProxyReceiver,
  ) {
    super(resolveDaemonOptions(given));
    const { streams, keeper } = assembleDaemon(this, this.options, this.objects, {
      annotations: () => this.annotations(),
      validateHandshake: (request) => this.validateHandshake(request),
      clientDisconnect: (connection) => this.clientDisconnect(connection),
      receiveProxy: (reference, origin) => this.receiveProxy(reference, origin),
      fail: (error) => this.fail(error),
    });
    this.streams = streams;
    this.keeper = keeper;
    const DaemonObjectClass = this.options.daemonObject ?? DaemonObject;
    const own = new DaemonObjectClass(this);
    this.objects.add(DAEMON_OBJECT_ID, ExposedObject.of(own), own, false);
  }

  /** Makes a daemon and lets it listen. @throws {PyroError} when an option is wrong or the address cannot be used */
  static async listen<T extends Daemon, O extends DaemonOptions>(this: new (options?: O) => T, options?: O): Promise<T> {
    const daemon = new this(options);
    await daemon.start();
    return daemon;
  }

  /** Begins to listen. A second call is refused. */
  async start(): Promise<void> {
    if (this.lifecycle !== 'new') throw new DaemonError('the daemon was started before; make a new one');
    this.lifecycle = 'listening';
    const { connectedSocket, listen = true } = this.options;
    if (!listen) {
      this.location = inProcessLocation();
    } else if (connectedSocket) {
      this.location = localLocation(connectedSocket);
      await this.keeper.adopt(connectedSocket, async (connection) => {
        const request = { connection, objectId: DAEMON_OBJECT_ID, data: undefined, annotations: NO_ANNOTATIONS };
        connection.admissions.everywhere = await this.validateHandshake(request);
      });
    } else {
      try {
        this.listener = await Listener.open(this.options, this.acceptor, (error) => this.fail(error));
      } catch (error) {
        if (this.isListening) this.lifecycle = 'new';
        throw error;
      }
      this.location = this.listener.location;
    }
    if (!this.isListening) {
      this.listener?.close();
      throw new DaemonError('the daemon was closed while it started');
    }
    const { housekeepingIntervalMs } = this.options;
    this.housekeeper = setInterval(() => this.keepHouse(), housekeepingIntervalMs);
    this.housekeeper.unref();
    this.emit('listening', this.locationStr);
  }

  /** `host:port`, `[v6]:port` or `./u:path` listened on. @throws {DaemonError} before {@link start} */
  get locationStr(): string {
    if (this.location === undefined) throw notListening();
    return this.location;
  }

  /** `natHost:natPort`; undefined without NAT, and for a connected socket. */
  get natLocationStr(): string | undefined {
    return this.options.connectedSocket ? undefined : natLocationOf(this.options, this.locationStr);
  }

  /** What it listens with, Node's server (of TLS, with `tls`), or the connected socket; undefined before {@link start}. */
  get sock(): Server | Duplex | undefined {
    return this.listener?.server ?? (this.location === undefined ? undefined : this.options.connectedSocket);
  }

  /** {@link sock} and the byte streams of all connections, also of those in their handshake. */
  get sockets(): (Server | Duplex)[] {
    return [...new Set([this.sock ?? [], this.keeper.sockets].flat())];
  }

  /** Registered objects, the daemon's own among them. */
  get objectCount(): number {
    return this.objects.size;
  }

  /** Connections that passed their handshake. */
  get connections(): DaemonConnection[] {
    return this.keeper.connections;
  }

  /** Open item streams, lingering ones among them. */
  get streamCount(): number {
    return this.streams.size;
  }

  get isListening(): boolean {
    return this.lifecycle === 'listening';
  }

  /** False where its URIs lead nobody to it: it serves only sockets that were handed to it. */
  get isReachable(): boolean {
    return this.listener !== undefined;
  }

  /**
   * Registers an object, or a class whose instances come and go as its `behavior` says.
   *
   * @param objectId default: a new random one
   * @throws {DaemonError} when the object or the id is registered already, unless forced; before the daemon listens
   */
  register(objectOrClass: object, objectId?: string, options: RegisterOptions = {}): PyroUri {
    if (this.location === undefined) throw notListening();
    return this.uriFor(this.registrations.register(objectOrClass, objectId, options));
  }

  /** Registers a target of another kind (the Nest layer's); the daemon need not listen yet. @throws {DaemonError} when the id is taken */
  registerTarget(objectId: string, target: PyroTarget): void {
    this.registrations.registerTarget(objectId, target);
  }

  /**
   * Takes an object with all its ids, or what has the id, out of the daemon; an unknown id is passed over, and so is `Pyro.Daemon`.
   *
   * @throws {DaemonError} when an object is not registered
   */
  unregister(objectOrId: object | string): void {
    this.registrations.unregister(objectOrId);
  }

  /**
   * URI of a registered object, or of any id.
   *
   * @param nat name the NAT address, if there is one. Default true
   * @throws {DaemonError} when the object is not registered here
   */
  uriFor(objectOrId: object | string, nat = true): PyroUri {
    const id = typeof objectOrId === 'string' ? objectOrId : this.objects.idForAutoproxy(objectOrId);
    if (id === undefined) throw new DaemonError("object isn't registered in this daemon");
    return PyroUri.at(id, (nat && this.natLocationStr) || this.locationStr);
  }

  /** The registered object as it travels: URI and exposed members. @throws {DaemonError} when it is not registered */
  proxyFor(objectOrId: object | string, nat = true): ProxyReference {
    const uri = this.uriFor(objectOrId, nat);
    const target = this.objects.get(uri.object);
    if (target === undefined) throw new DaemonError("object isn't registered in this daemon");
    const { oneway, methods, attrs } = target.metadata;
    return new ProxyReference(uri, oneway, methods, attrs);
  }

  /** How a registered object, or an instance of a registered class, travels as a proxy; undefined for every other value. */
  referenceFor(value: object): ProxyReference | undefined {
    const id = this.objects.idForAutoproxy(value);
    return id === undefined ? undefined : this.proxyFor(id);
  }

  /**
   * Registers an object until the lease is released: `using lease = daemon.lease(listener)`. Of one that is registered anyway the
   * lease changes nothing.
   *
   * @throws {DaemonError} before the daemon listens
   */
  lease(object: object): ObjectLease {
    return this.leases.lease(object);
  }

  /** @internal for a connection that the object is passed over */
  leaseFor(object: object): ObjectLease | undefined {
    return this.leases.leaseFor(object);
  }

  /** Has the exposed members of an object's class looked up anew; clients see it with their next proxy. An unknown id is passed over. */
  resetMetadataCache(objectOrId: object | string): void {
    const source = typeof objectOrId === 'string' ? this.objects.sourceOf(objectOrId) : objectOrId;
    if (source !== undefined) resetMetadata(source);
  }

  /** What a proxy that a client sends becomes here. */
  protected receiveProxy(reference: ProxyReference, origin: ProxyOrigin): unknown {
    return this.proxies.receive(reference, origin);
  }

  /** Serves one connected socket or other byte stream, with handshake, and as it is: `tls` is for what the daemon accepts itself. */
  serve(socket: Duplex): void {
    const place = this.acceptor.accept();
    if (place) this.keeper.enter(place, socket);
    else socket.on('error', () => undefined).destroy();
  }

  /** Has another daemon shut down and close with this one. @throws {DaemonError} when this one would close with that one already */
  combine(other: Daemon): void {
    if (other.closesWith(this)) throw new DaemonError('a daemon cannot be combined with itself, nor with one that combined it');
    this.combined.add(other);
  }

  /**
   * Resolves when the daemon closes, or `condition`, asked with each housekeeping, says no; then it stays open.
   *
   * @throws what `condition` throws
   */
  requestLoop(condition: () => boolean = () => true): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearInterval(timer);
        this.off('close', done);
        resolve();
      };
      const ask = (): void => {
        try {
          if (!condition()) done();
        } catch (error) {
          reject(error as Error);
          done();
        }
      };
      const timer = setInterval(ask, this.options.housekeepingIntervalMs);
      this.once('close', done);
      if (this.lifecycle === 'closed') done();
      else ask();
    });
  }

  /**
   * Accepts no more connections and requests, and waits for the running calls; of a connection whose call asks for this, for none.
   *
   * @param deadlineMs waits no longer than this. Default 10,000
   * @returns true when all calls have ended
   */
  async drain(deadlineMs = 10_000): Promise<boolean> {
    if (this.lifecycle === 'listening') {
      this.lifecycle = 'draining';
      this.listener?.close();
    }
    const others = [...this.combined].map((daemon) => daemon.drain(deadlineMs));
    // a call that waits for its own end would wait for ever
    const call = currentContext();
    const own = call?.daemon === this ? call.connection : undefined;
    return endsWithin(Promise.all([this.keeper.stopAll(own), ...others]), deadlineMs);
  }

  /** Stops accepting, lets running calls finish (up to `deadlineMs`, default 10,000), then closes. */
  async shutdown(deadlineMs = 10_000): Promise<void> {
    await this.drain(deadlineMs);
    await this.end('soon');
  }

  /** Closes at once: connections are cut, sessions and streams ended. Running calls go on, their replies go nowhere. */
  close(): Promise<void> {
    return this.end('now');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** @internal */
  [inspect.custom](): string {
    const where = this.location ?? 'not started';
    return `${this.constructor.name} <${where}, ${this.objectCount} objects, ${this.connections.length} connections>`;
  }

  /** @internal ids that `registered()` shows to a connection */
  objectIdsFor(connection: DaemonConnection): string[] {
    return [...this.objects.ids()].filter((id) => connection.admissions.isAdmitted(this.objects.get(id)!));
  }

  /** @internal */
  async metadataFor(connection: DaemonConnection, objectId: string): Promise<ObjectMetadata> {
    const target = this.objects.known(objectId);
    await connection.admissions.admit(target, objectId);
    return target.metadata;
  }

  /** @internal */
  nextStreamItem(call: CallContext, streamId: string): Promise<unknown> {
    return this.streams.next(call, streamId);
  }

  /** @internal */
  closeStream(connection: DaemonConnection, streamId: string): Promise<void> {
    return this.streams.close(connection, streamId);
  }

  /** Every caller waits for the same end. */
  private end(when: 'soon' | 'now'): Promise<void> {
    return (this.ending ??= this.endOnce(when));
  }

  private async endOnce(when: 'soon' | 'now'): Promise<void> {
    this.lifecycle = 'closed';
    clearInterval(this.housekeeper);
    await Promise.all([...this.combined].map((daemon) => daemon.end(when)));
    this.listener?.close();
    this.streams.closeAll();
    await this.unlessHung(this.keeper.hangUpAll(when), 'the end of a session');
    await this.unlessHung(this.registrations.releaseAll(), 'the disposal of an object');
    await this.proxies.release();
    this.emit('close');
  }

  /** Disposals are the user's code; one that hangs must not keep the daemon from closing. */
  private async unlessHung(work: Promise<unknown>, what: string): Promise<void> {
    if (await endsWithin(work, MAX_DISPOSAL_MS)) return;
    this.fail(new DaemonError(`${what} took longer than ${MAX_DISPOSAL_MS} ms and is no longer waited for`));
  }

  private keepHouse(): void {
    this.streams.expire(Date.now());
    this.guarded(() => this.housekeeping());
  }

  private get objects(): ObjectRegistry {
    return this.registrations.objects;
  }

  private closesWith(other: Daemon): boolean {
    return this === other || [...this.combined].some((daemon) => daemon.closesWith(other));
  }
}

function notListening(): DaemonError {
  return new DaemonError('the daemon does not listen yet; call start() first, or make it with PyroDaemon.listen()');
}
