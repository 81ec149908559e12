import { correlationText } from '../../calls/correlation-id.js';
import { type Annotations, copiedAnnotations } from '../../protocol/messages/annotations.js';
import { withoutOtherBytes } from '../../protocol/messages/own-bytes.js';
import { FLAGS } from '../../protocol/constants.js';
import { PyroError } from '../../protocol/errors.js';
import { refusal } from '../../protocol/refusals.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import type { CallTarget } from '../../serializers/contract/call-shape.js';
import type { ReadContext, SerializedCall, Serializer } from '../../serializers/contract/serializer.js';
import { readBlobCall } from '../../serializers/contract/serialized-blob.js';
import type { Authorization } from '../contract/authorization.js';
import type { Daemon, ProxyOrigin } from '../contract/daemon.js';
import type { ObjectUsage } from '../object/registry.js';
import type { RunningRequest } from '../contract/running-request.js';
import type { GuardedObject, PyroTarget } from '../contract/target.js';
import type { AwaitedStream, StreamingCall } from '../streams/item-stream.js';
import type { CallFollowers } from './call-observers.js';
import { type DaemonServices, receiveProxy } from './daemon-services.js';
import { reportFailure, reportUnheardFailure } from './failure-report.js';
import { LateCalls } from './late-calls.js';
import type { ReplyChannel } from './reply-channel.js';
import { memoryOf, RequestMemory } from './request-memory.js';
import { RequestSignal } from './request-signal.js';

const NOT_READ: Partial<CallTarget> = {};

/**
 * An INVOKE message, and its reply. A request holds the state that its calls share: a batch has many calls, every other request has
 * one call.
 */
export class ServedRequest extends RequestMemory implements ProxyOrigin, ReadContext, RunningRequest {
  /** Set before the object is used; before, the answer of the daemon's own hook. */
  authorization: Authorization = this.connection.authorizations.ofDaemon;
  /** The object whose guards decide: the called object, or the object that registered it. Undefined when there are no guards. */
  guardedObject: GuardedObject | undefined;
  /** Set once the call was read, and until the request has ended. */
  call: SerializedCall | undefined;
  /** Object and method of a call that could not be read, as far as they were read. */
  unread: Partial<CallTarget> = NOT_READ;
  /** The use of the called object. Set once the object was looked up. */
  usage: ObjectUsage | undefined;
  /** Tells the observers of the daemon about the request. */
  follower: CallFollowers | undefined;
  /** Tells the observers about the entry of a batch that runs now. */
  entryFollower: CallFollowers | undefined;
  /** The percall instance that the entries of a batch share. */
  batchInstance: object | Promise<object> | undefined;
  /** The call that returned the stream, when the request asks for its next item. */
  pulledCall: StreamingCall | undefined;
  /** Ends the wait for the next item of a stream. Set while the request waits for it. */
  leavePull: (() => void) | undefined;
  private requestAnnotations: Annotations;
  private uuid: string | undefined;
  /** `performance.now()` when the call began; 0 when it cannot be read. */
  startedAt = 0;
  /** True once the client was told that the call took too long. */
  timedOut = false;
  /** The stream that the call has returned, which may outlive the connection. */
  stream: AwaitedStream | undefined = undefined;
  private madeSignal: RequestSignal | undefined;
  private endHooks: (() => void)[] | undefined;
  /** Made for the first late call. */
  private lateCalls: LateCalls | undefined;

  constructor(services: DaemonServices, channel: ReplyChannel, serializer: Serializer, frame: Frame) {
    super(services, channel, serializer, frame);
    this.requestAnnotations = frame.annotations;
  }

  get daemon(): Daemon {
    return this.services.daemon;
  }

  /** Annotations of the INVOKE message. */
  get annotations(): Annotations {
    return this.requestAnnotations;
  }

  get correlationId(): string {
    return (this.uuid ??= correlationText(this.correlationBytes.toString('hex')));
  }

  /** Makes the id of a trace the correlation id, if the client has sent none. @param traceId 32 hex digits */
  takeTraceId(traceId: string): void {
    if (this.flags & FLAGS.correlationId) return;
    this.correlationBytes.write(traceId, 'hex');
    this.uuid = undefined;
  }

  get oneway(): boolean {
    return (this.flags & FLAGS.oneway) !== 0;
  }

  /** Aborts when nobody waits any more for the calls of the request. */
  get signal(): RequestSignal {
    return (this.madeSignal ??= new RequestSignal(this));
  }

  abort(reason: Error): void {
    this.signal.abort(reason);
  }

  get isBatch(): boolean {
    return (this.flags & FLAGS.batch) !== 0;
  }

  /** The called object. */
  get target(): PyroTarget | undefined {
    return this.usage?.target;
  }

  /** Sends the result. Nothing is sent to a oneway request. */
  answer(value: unknown): Promise<void> | void {
    if (!this.oneway) return this.sendResult(value, this.flags & FLAGS.batch);
  }

  /** True: a client chooses what it sends. A getter, because a field would take memory in each request. */
  get isOfUnknownPeer(): boolean {
    return true;
  }

  /** Turns a proxy that came with the request into a value. */
  decodeProxy(state: readonly unknown[]): unknown {
    return receiveProxy(this.services, state, this);
  }

  /** Reads the call of this request. @param start where the call begins in `data` */
  read(data: Buffer, start: number): SerializedCall {
    if (this.flags & FLAGS.keepSerialized) return this.readBlob(withoutOtherBytes(data.subarray(start)));
    if (this.requestAnnotations.size === 0) return this.readCall(data, this.serializer, start);
    const call = this.readCall(data, this.serializer, start, memoryOf(this.requestAnnotations));
    // views would keep the whole message while the request runs
    this.requestAnnotations = copiedAnnotations(this.requestAnnotations);
    return call;
  }

  /**
   * Reads a call within the memory that is left, and holds its memory until the request ends.
   *
   * @param furtherBytes memory that the request takes besides the call
   */
  readCall(data: Uint8Array, serializer: Serializer, start = 0, furtherBytes = 0): SerializedCall {
    const budget = this.beginRead();
    const call = serializer.loadsCall(data, this, start);
    this.holdRead(budget.spentBytes, furtherBytes);
    return call;
  }

  /** Reads a call whose arguments stay serialized. It holds the memory of the data, too. */
  private readBlob(data: Buffer): SerializedCall {
    this.requestAnnotations = copiedAnnotations(this.requestAnnotations);
    const budget = this.beginRead();
    const call = readBlobCall(data, this.annotations, this.serializer, this.services.blobInfoReaders, this);
    this.holdRead(budget.spentBytes, data.length + memoryOf(this.annotations));
    return call;
  }

  onUnread(target: CallTarget): void {
    this.unread = target;
  }

  /** The call has ended, but its result cannot be sent. An item that cannot be sent is a failure of its stream. */
  protected override resultFailed(error: unknown): void {
    this.pulledCall?.request.follower?.failed(error);
    reportFailure(error, this, this.call ?? {});
  }

  /**
   * Sends an exception. Nothing is sent to a oneway request.
   *
   * @returns the error that was sent in place of an exception that cannot be sent
   */
  async answerError(error: unknown): Promise<PyroError | undefined> {
    return this.oneway ? undefined : this.sendError(error);
  }

  /** Sends the id of an item stream. @param streamId undefined: this daemon does not stream */
  async answerStream(streamId: string | undefined): Promise<void> {
    await this.sendStream(streamId);
    if (streamId !== undefined) this.follower?.streamOpened();
  }

  /** Answers with an exception of this package, before a call has begun. Nothing is sent to a oneway request. */
  override async refuse(error: unknown): Promise<void> {
    if (!this.oneway) await super.refuse(error);
  }

  /** Ends the connection after the replies that were sent. */
  closeConnection(): void {
    this.channel.close();
  }

  /** The next requests of the connection wait for the end of this one. */
  runInOrder(): void {
    this.channel.runInOrder(this);
  }

  /** Lets `work` run while the next requests of the connection are served. */
  runInBackground(work: Promise<void>): void {
    this.channel.runInBackground(work, this);
  }

  /** Tells the client that the call took too long, and serves its next requests. The connection is cut when the client cannot be told. */
  timeOut(reason: Error): void {
    reportFailure(reason, this, this.call ?? {});
    // in a batch, the report names the running entry, and the reply is about the batch; a late item is a failure of its stream
    (this.pulledCall?.request.follower ?? this.follower)?.failed(reason);
    this.timedOut = true;
    this.abort(reason);
    this.leavePull?.();
    const told = this.answerError(reason).catch((failure: unknown) => {
      this.channel.destroy();
      throw failure;
    });
    this.channel.addTimedOutCall(
      this,
      told.then(() => undefined).finally(() => this.becomeLate()),
    );
  }

  /** The call ends for its observers, although it goes on. */
  becomeLate(): void {
    this.entryFollower?.ended(true);
    this.follower?.ended(true);
  }

  /** The result of the call is a stream, which may outlive the connection. From now on the signal aborts when the stream is closed early. */
  becomeStream(stream: AwaitedStream): void {
    this.stream = stream;
    const { streaming } = this.services;
    streaming.add(this);
    this.onEnd(() => streaming.delete(this));
    this.methodEnded();
  }

  /** The method has ended: a disconnect no longer aborts the signal. */
  methodEnded(): void {
    if (!this.stream && this.lateCalls?.count) return this.goOnLate(this.lateCalls, () => this.methodEnded());
    this.madeSignal?.forgetPeer();
    if (!this.stream) this.requestEnded();
  }

  /** The method has ended, and so has its stream, if it returned one. */
  requestEnded(): void {
    if (this.lateCalls?.count) return this.goOnLate(this.lateCalls, () => this.requestEnded());
    this.releaseMemory();
    this.follower?.ended();
    const hooks = this.endHooks;
    this.endHooks = undefined;
    for (const hook of hooks ?? []) hook();
    // V8 takes the request for alive until its next full collection, if the request has waited long, and copies the arguments with it
    this.call = undefined;
  }

  /**
   * A call of the request is late: it has its answer, and its guards, pipes or method go on. The request ends after the late call.
   *
   * @param ended resolves when the call has ended; never rejected
   * @param isUnread true when nobody reads what the call gives. The signal aborts when the request is answered and all its late calls are unread
   */
  addLateCall(ended: Promise<void>, isUnread: () => boolean): void {
    this.channel.addLateCall(this, (this.lateCalls ??= new LateCalls(this.services.reporter)).add(ended, isUnread));
  }

  /** The stream of the call has ended. Resolves when all late calls have ended; undefined when there are none. */
  streamEnded(): Promise<void> | undefined {
    if (!this.lateCalls?.count) return undefined;
    this.goOnLate(this.lateCalls);
    return this.lateCalls.ended();
  }

  /** True when the request has more late calls than a connection may have. */
  get hasTooManyLateCalls(): boolean {
    return this.lateCalls !== undefined && this.lateCalls.count > this.services.options.maxLateCalls;
  }

  /** A part of a call has failed for which nobody waits any more. An error that the abort of the signal has caused says nothing new. */
  partFailed(error: unknown, call: Pick<SerializedCall, 'objectId' | 'method' | 'kwargs'>): void {
    if (this.madeSignal?.hasCaused(error) !== true) reportUnheardFailure(error, this, call);
  }

  /** All has ended but the late calls. @param end undefined: what waits for their end goes on waiting */
  private goOnLate(lateCalls: LateCalls, end?: () => void): void {
    this.becomeLate();
    if (lateCalls.areUnread) this.abort(refusal(new PyroError('an interceptor has given the method up')));
    // a call over its time is counted once as it is
    if (!this.timedOut) this.channel.checkLateCalls();
    if (end !== undefined) lateCalls.whenEnded(end);
  }

  /** Counts one call for the connection and the object. */
  countCall(): void {
    this.connection.calls++;
    if (this.usage !== undefined) this.usage.calls++;
  }

  onEnd(hook: () => void): void {
    if (this.hasEnded) hook();
    else (this.endHooks ??= []).push(hook);
  }
}
