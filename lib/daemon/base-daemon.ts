import { EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';
import { followPromises } from '../calls/current-call.js';
import { type AnnotationValues, NO_ANNOTATIONS } from '../protocol/messages/annotations.js';
import { DAEMON_OBJECT_ID } from '../protocol/constants.js';
import { DaemonError } from '../protocol/errors.js';
import { isRandomId } from '../objects/object-ids.js';
import { ProxyReference } from '../protocol/proxy-reference.js';
import { addServingDaemon, removeServingDaemon } from '../objects/serving-daemons.js';
import { PyroUri } from '../protocol/uri.js';
import { natLocationOf } from '../protocol/location.js';
import { type DaemonServices, createDaemonServices } from './request/daemon-services.js';
import { AbandonedConnections } from './connection/abandoned-connections.js';
import { CleanUpTimes } from './connection/clean-up-times.js';
import type { CleanUps } from './contract/clean-ups.js';
import type { Streams } from './streams/streams.js';
import type { PyroConnection } from './contract/connection.js';
import type { Daemon, LeaseOptions, ObjectLease, OnOverLimit, ProxyReceiver, RegisterOptions } from './contract/daemon.js';
import type { AuthorizeRequest, HandshakeAnswer } from './contract/authorization.js';
import type { CallObserver } from './contract/observer.js';
import type { DaemonSnapshot, InspectOptions, NameSnapshot, TargetDescription } from './contract/snapshot.js';
import type { PyroTarget } from './contract/target.js';
import { IS_DAEMON } from '../serializers/objects/class-dicts.js';
import { DaemonObject } from './daemon-object.js';
import { followListeners } from '../reports/failed-listeners.js';
import { ObjectLeases } from './leases.js';
import { DEADLINE, DEFAULT_DRAIN_MS, Lifecycle } from './lifecycle.js';
import { inspectDaemon } from './inspection/inspect-daemon.js';
import { ExposedObject } from './object/exposed-object.js';
import { resetMetadata } from './object/expose.js';
import { Registrations } from './object/registrations.js';
import type { ObjectRegistry } from './object/registry.js';
import { EventReporter, type PyroDaemonEvents } from './options/daemon-events.js';
import type { DaemonOptions, ResolvedDaemonOptions } from './options/daemon-options.js';
import { openAddressWarning } from './options/open-address.js';
import { guardedObject } from './object/object-guards.js';
import { LimitCounters } from './options/limit-counters.js';
import type { LimitName } from './limits/limit.js';
import { checkArgument, FULL_TEXT, FUNCTION, type OptionRule, STREAM, SWITCH, withMethods } from '../options/option-checks.js';
import { resolveDaemonOptions } from './options/resolve-daemon-options.js';
import { Sessions } from './session/sessions.js';

const TARGET: OptionRule = withMethods('a PyroTarget', 'invoke', 'getAttribute', 'setAttribute', 'isCallback');

/**
 * Serves objects to Pyro clients. A daemon that listens serves at once, on Node's own event loop.
 *
 * `PyroDaemon` extends this class: it turns the proxies that clients send into clients.
 *
 * @see Pyro5/server.py, `Daemon`
 */
export class BaseDaemon extends EventEmitter<PyroDaemonEvents> implements Daemon {
  /** @internal */
  readonly [IS_DAEMON] = true;
  private readonly options: ResolvedDaemonOptions;
  private readonly reporter = new EventReporter(this);
  private readonly limits = new LimitCounters(this.reporter);
  private readonly registrations: Registrations;
  private readonly leases = new ObjectLeases(this);
  private readonly streams: Streams;
  private readonly sessions: Sessions;
  private readonly lifecycle: Lifecycle;
  private readonly services: DaemonServices;
  /** @internal Tell the names of objects at name servers. */
  readonly nameSources = new Set<() => NameSnapshot[]>();

  /**
   * @internal
   * @param receiverFor makes what receives the proxies of clients, for the options with their defaults, with a function that counts the
   *   error of a reached limit
   * @throws {PyroError} `CONFIG`, when an option is wrong
   */
  constructor(given: DaemonOptions, receiverFor: (options: ResolvedDaemonOptions, onOverLimit: OnOverLimit) => ProxyReceiver) {
    super({ captureRejections: true });
    followPromises();
    followListeners(this, (error, event) => this.reporter.listenerFailed(error, event));
    this.options = resolveDaemonOptions(given);
    const { options, reporter, limits } = this;
    const abandoned = new AbandonedConnections(options);
    const cleanUps = new CleanUpTimes(abandoned, reporter);
    const registrations = new Registrations(reporter, cleanUps, () => this.sessions);
    this.registrations = registrations;
    const { objects } = registrations;
    const proxies = receiverFor(options, (error, connection) => limits.note(error, connection));
    const services = createDaemonServices({ daemon: this, options, objects, proxies, reporter, limits, cleanUps, abandoned });
    this.services = services;
    this.streams = services.streams;
    this.sessions = new Sessions(services);
    this.lifecycle = new Lifecycle(services, this.sessions, registrations);
    const DaemonObjectClass = options.daemonObject ?? DaemonObject;
    const own = new DaemonObjectClass(this);
    objects.add(DAEMON_OBJECT_ID, ExposedObject.of(own), own, false);
  }

  /** Makes a daemon and lets it listen. @throws {PyroError} when an option is wrong or the address cannot be used */
  static async listen<T extends BaseDaemon, O extends DaemonOptions>(this: new (options?: O) => T, options?: O): Promise<T> {
    const daemon = new this(options);
    await daemon.start();
    return daemon;
  }

  /** @internal Reports a failure that no caller is told of: as an `error` event, or without listeners as a warning of the process. */
  reportError(error: unknown): void {
    this.reporter.error(error);
  }

  /** Starts to listen. @throws {DaemonError} on a second call @throws {PyroError} `CONFIG`, when the address cannot be used */
  async start(): Promise<void> {
    await this.lifecycle.start();
    addServingDaemon(this);
    this.once('close', () => removeServingDaemon(this));
    this.reporter.emit('listening', this.locationStr);
    const warning = openAddressWarning(this.options, this.isGuarded, this.locationStr);
    if (warning !== undefined) this.reporter.warn(warning, 'PYRO_OPEN_ADDRESS');
  }

  /** `host:port`, `[v6]:port` or `./u:path`. @throws {DaemonError} before the daemon listens */
  get locationStr(): string {
    const { location } = this.lifecycle;
    if (location === undefined) throw notListening();
    return location;
  }

  /** `natHost:natPort`. Undefined without NAT, and for a connected socket. */
  get natLocationStr(): string | undefined {
    return this.options.connectedSocket ? undefined : natLocationOf(this.options, this.locationStr);
  }

  /** The listening server, or the connected socket. Undefined before the daemon listens. */
  get sock(): Server | Duplex | undefined {
    return this.lifecycle.sock;
  }

  /** {@link sock} and the sockets of all connections, connections in their handshake included. */
  get sockets(): (Server | Duplex)[] {
    return [...new Set([this.sock ?? [], this.sessions.sockets].flat())];
  }

  /** Number of registered objects, `Pyro.Daemon` included. */
  get objectCount(): number {
    return this.objects.size;
  }

  /** @internal Waits for clean-ups of the application. */
  get cleanUps(): CleanUps {
    return this.services.cleanUps;
  }

  /** @internal True when clients get the stacks of errors. */
  get sendsTracebacks(): boolean {
    return this.options.detailedTraceback;
  }

  /** @internal The ids of all registered objects, `Pyro.Daemon` included. */
  get objectIds(): string[] {
    return [...this.objects.ids()];
  }

  /** @internal True when an object has the id. */
  serves(objectId: string): boolean {
    return this.objects.get(objectId) !== undefined;
  }

  /** Connections that passed their handshake. */
  get connections(): PyroConnection[] {
    return this.sessions.connections;
  }

  /** Number of open item streams, lingering ones included. */
  get streamCount(): number {
    return this.streams.size;
  }

  /** Numbers of times that each limit was reached since the daemon was made, by the name of the option. */
  get counters(): Readonly<Record<LimitName, number>> {
    return { ...this.limits.counts };
  }

  /** True while the daemon accepts connections and calls. */
  get isListening(): boolean {
    return this.lifecycle.isListening;
  }

  /** True when the daemon has a listening socket, so that its URIs lead to it. False when it serves only connected sockets. */
  get isReachable(): boolean {
    return this.lifecycle.isReachable;
  }

  /** Follows the calls of the daemon, for traces, metrics and logs. @returns a function that ends this */
  observe(observer: CallObserver): () => void {
    checkArgument('observe: the observer', observer, withMethods('an object with the method callStarted', 'callStarted'));
    return this.services.observers.add(observer);
  }

  /** @internal Describes a registered object; undefined for an unknown id. */
  describe(objectId: string): TargetDescription | undefined {
    return this.objects.get(objectId)?.describe?.();
  }

  /**
   * @internal The name of a member for logs, such as `lab.camera.read`. Undefined for a member that the daemon does not have: a client
   * chose its name. Objects with random ids are named by their class, since clients can have any number of them registered.
   */
  memberName({ objectId, method }: { readonly objectId: string; readonly method: string }): string | undefined {
    if (!this.objects.hasMember(objectId, method)) return undefined;
    return `${isRandomId(objectId) ? (this.describe(objectId)?.className ?? 'object') : objectId}.${method}`;
  }

  /**
   * Takes a snapshot of the daemon: its objects, connections, streams, limits, names and latest failures, as values that JSON has.
   *
   * @throws {PyroError} `CONFIG`, when an option is wrong
   */
  inspect(options: InspectOptions = {}): DaemonSnapshot {
    const { services, sessions, lifecycle, leases, nameSources } = this;
    return inspectDaemon({ services, sessions, lifecycle, leases, nameSources }, options);
  }

  /**
   * Registers an object, or a class whose instances come and go as its `behavior` says.
   *
   * @param objectId default: a new random one
   * @throws {DaemonError} when the object or the id is registered already, unless forced; before the daemon listens
   */
  register(objectOrClass: object, objectId?: string, options: RegisterOptions = {}): PyroUri {
    if (this.lifecycle.location === undefined) throw notListening();
    return this.uriFor(this.registrations.register(objectOrClass, objectId, options));
  }

  /** Registers a target of another kind, such as an object of the Nest layer. The daemon need not listen yet. @throws {DaemonError} when the id is taken */
  registerTarget(objectId: string, target: PyroTarget): void {
    checkArgument('registerTarget: the id', objectId, FULL_TEXT);
    checkArgument('registerTarget: the target', target, TARGET);
    this.registrations.registerTarget(objectId, target);
  }

  /**
   * Unregisters an object with all its ids, or the object that has the id. An unknown id is ignored, and so is `Pyro.Daemon`. Instances of
   * a class are disposed when the calls and streams have ended that use the class, or when the daemon closes.
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
    checkArgument('uriFor: nat', nat, SWITCH);
    const id = typeof objectOrId === 'string' ? objectOrId : this.idOf(objectOrId);
    if (id === undefined) throw notRegistered();
    return PyroUri.at(id, (nat && this.natLocationStr) || this.locationStr);
  }

  /** A registered object as it travels: URI and exposed members. @throws {DaemonError} when it is not registered */
  proxyFor(objectOrId: object | string, nat = true): ProxyReference {
    const uri = this.uriFor(objectOrId, nat);
    const target = this.objects.get(uri.object);
    if (target === undefined) throw notRegistered();
    const { oneway, methods, attrs } = target.metadata;
    return new ProxyReference(uri, oneway, methods, attrs);
  }

  /** The reference by which a registered object, or an instance of a registered class, travels as a proxy. Undefined for every other value. */
  referenceFor(value: object): ProxyReference | undefined {
    const id = this.idOf(value);
    return id === undefined ? undefined : this.proxyFor(id);
  }

  /**
   * Registers an object until the lease is released: `using lease = daemon.lease(listener)`. If the object is registered already,
   * the lease changes nothing.
   *
   * @throws {DaemonError} before the daemon listens
   */
  lease(object: object, options: LeaseOptions = {}): ObjectLease {
    return this.leases.lease(object, options);
  }

  /** @internal for a connection over which the object is sent */
  leaseFor(object: object): ObjectLease | undefined {
    return this.leases.leaseFor(object);
  }

  /**
   * Reads the exposed members of an object's class anew. Clients see them with their next proxy. An unknown id is ignored.
   *
   * @throws {DaemonError} when an object is not registered
   */
  resetMetadataCache(objectOrId: object | string): void {
    const source = typeof objectOrId === 'string' ? this.objects.sourceOf(objectOrId) : objectOrId;
    if (source === undefined) return;
    if (this.idOf(source) === undefined) throw notRegistered();
    resetMetadata(source);
  }

  /** Serves one connected socket or other byte stream, with a handshake and without TLS: `tls` is for sockets that the daemon accepts. */
  serve(socket: Duplex): void {
    checkArgument('serve: the socket', socket, STREAM);
    this.lifecycle.serve(socket);
  }

  /**
   * Lets another daemon drain and close together with this one. @throws {DaemonError} when `other` closes together with this daemon
   * already: they would be a circle
   */
  combine(other: BaseDaemon): void {
    checkArgument('combine: the other daemon', other, withMethods('a PyroDaemon', 'combine', 'registerTarget'));
    this.lifecycle.combine(other.lifecycle);
  }

  /**
   * Resolves when the daemon closes, when the peer of its `connectedSocket` has disconnected, or when `condition` returns false.
   * `condition` is called every `housekeepingIntervalMs`. A daemon whose `condition` returned false stays open.
   *
   * @throws the error of `condition` @throws {PyroError} `CONFIG`, when it gives a promise
   */
  async requestLoop(condition: () => boolean = () => true): Promise<void> {
    checkArgument('requestLoop: the condition', condition, FUNCTION);
    return this.lifecycle.requestLoop(condition);
  }

  /**
   * Accepts no more connections and requests, and waits for the running calls and until their replies have left. Calls that wait for the
   * end of the daemon themselves are not waited for, nor a client that reads nothing for 5 s.
   *
   * @param deadlineMs longest wait. Default 10,000
   * @returns true when all calls have ended and their replies have left
   * @throws {PyroError} `CONFIG`, when the deadline is no whole number of milliseconds
   */
  async drain(deadlineMs = DEFAULT_DRAIN_MS): Promise<boolean> {
    checkArgument('drain: deadlineMs', deadlineMs, DEADLINE);
    return this.lifecycle.drain(deadlineMs);
  }

  /** @internal Called by code that waits for an end of the daemon that other code has begun, in place of {@link shutdown}. */
  joinEnd(): void {
    this.lifecycle.joinEnd();
  }

  /** Drains for at most `deadlineMs` (default 10,000), then closes. Calls that shut down their own daemon still get their replies. */
  async shutdown(deadlineMs = DEFAULT_DRAIN_MS): Promise<void> {
    checkArgument('shutdown: deadlineMs', deadlineMs, DEADLINE);
    await this.drain(deadlineMs);
    await this.lifecycle.close('soon');
  }

  /** Closes at once: connections are cut, sessions and streams end. Running calls go on; their replies are dropped. */
  close(): Promise<void> {
    return this.lifecycle.close('now');
  }

  /** The same as {@link shutdown}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /**
   * Override, or give the option, to add annotations to every reply. Called once when the daemon starts, so that a mistake is found
   * then, and for each reply.
   */
  annotations(): AnnotationValues {
    return this.options.annotations?.() ?? NO_ANNOTATIONS;
  }

  /** Override, or give the option, to decide which connections may be used. To refuse one, throw: the client is told the message. */
  validateHandshake(request: AuthorizeRequest): Promise<HandshakeAnswer> | HandshakeAnswer {
    return this.options.validateHandshake?.(request);
  }

  /** Override, or give the option, to learn that a connection has ended. */
  clientDisconnect(connection: PyroConnection): Promise<void> | void {
    return this.options.clientDisconnect?.(connection);
  }

  /** Override, or give the option, for periodic work. */
  housekeeping(): Promise<void> | void {
    return this.options.housekeeping?.();
  }

  /** @internal */
  [inspect.custom](): string {
    const where = this.lifecycle.location ?? 'not started';
    return `${this.constructor.name} <${where}, ${this.objectCount} objects, ${this.connections.length} connections>`;
  }

  /** True when a hook decides about every connection, or every object has guards. */
  private get isGuarded(): boolean {
    const isOverridden = this.validateHandshake !== BaseDaemon.prototype.validateHandshake;
    if (isOverridden || this.options.validateHandshake !== undefined) return true;
    const ids = this.objectIds.filter((id) => id !== DAEMON_OBJECT_ID);
    return ids.length > 0 && ids.every((id) => guardedObject(this.objects.get(id)!, id) !== undefined);
  }

  /** Undefined also for null, which a caller without types may give. */
  private idOf(value: object | null): string | undefined {
    return value === null ? undefined : this.objects.idForAutoproxy(value);
  }

  private get objects(): ObjectRegistry {
    return this.registrations.objects;
  }
}

function notListening(): DaemonError {
  return new DaemonError('the daemon does not listen yet; call start() first, or make it with PyroDaemon.listen()');
}

/** The text of Python's `uriFor` and `proxyFor`; `unregister` has another one, in registrations.ts. */
function notRegistered(): DaemonError {
  return new DaemonError("object isn't registered in this daemon");
}
