import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MESSAGE_TYPES } from '../../protocol/constants.js';
import type { Frame } from '../../protocol/frame-reader.js';
import type { OutgoingMessage, ReplyAddress } from '../../protocol/message.js';
import type { ByteWriter } from '../../serpent/byte-writer.js';
import type { ConnectionGroup } from '../../transport/connection-group.js';
import { FrameConnection, type FrameConnectionHandler } from '../../transport/frame-connection.js';
import type { CallServices } from '../call/call-services.js';
import type { Dispatcher } from '../call/dispatcher.js';
import type { SessionConnection } from '../connection/session-connection.js';
import type { ReplyChannel } from '../contract/reply-channel.js';
import { RequestQueue } from './request-queue.js';

/** The parts that the sessions of a daemon share. */
export interface SessionServices {
  readonly services: CallServices;
  readonly dispatcher: Dispatcher;
  readonly group: ConnectionGroup;
}

const CONNECT_ONLY = [MESSAGE_TYPES.connect];
/** Requests of one session that are served before other sessions get their turn. */
const REQUESTS_PER_TURN = 16;
/** Bytes of requests of one session that are served before other sessions get their turn. A single request may be larger. */
const REQUEST_BYTES_PER_TURN = 256 * 1024;

/**
 * Serves the requests of one connection in order, one at a time. Only oneway requests run while later requests are served.
 *
 * A request that arrives while no other waits or runs is served at once, without the queue.
 */
export abstract class RequestLoop implements FrameConnectionHandler, ReplyChannel {
  protected readonly frames: FrameConnection;
  /** Requests that wait. Made for the first of them. */
  private waiting: RequestQueue | undefined;
  /** Requests (or handshakes) that run in order: 0 or 1. */
  protected running = 0;
  /** Oneway requests, and replies that tell of a timeout, that run while later requests are served. */
  private background = 0;
  private requestsInTurn = 0;
  private bytesInTurn = 0;
  /** True while the session waits for its next turn. */
  private waitsForTurn = false;
  /** True while nothing is read because too many requests wait or run. */
  private isHeldBack = false;
  /** The peer sent bytes that are no Pyro message. Nothing more is read; the requests before them are still served. */
  protected readError: Error | undefined;

  constructor(
    socket: Duplex,
    protected readonly shared: SessionServices,
  ) {
    this.frames = new FrameConnection(socket, shared.services.options, this, CONNECT_ONLY, shared.group);
  }

  abstract readonly connection: SessionConnection;
  abstract readonly peerName: string;
  /** True while requests are served. The request that is being served may make this false. */
  protected abstract readonly isServing: boolean;
  /** Ends the connection at once. */
  abstract destroy(): void;
  /** Ends the connection after the messages that were sent. */
  abstract close(): void;
  abstract onReady(): void;
  abstract onClosed(error: Error | undefined): void;
  /** Called when a request has ended. */
  protected abstract settle(): void;

  get socket(): Duplex {
    return this.frames.socket;
  }

  /** True while a request runs or waits. */
  get isBusy(): boolean {
    return this.running > 0 || this.background > 0 || this.hasWaiting;
  }

  /** Requests that run or wait. */
  get requestsInProgress(): number {
    return this.running + this.background + (this.waiting?.length ?? 0);
  }

  /** Bytes that came from the client, as its socket has counted them. Undefined for a stream that is no socket. */
  get receivedBytes(): number | undefined {
    return (this.socket as Partial<Socket>).bytesRead;
  }

  /** Bytes that the client was sent, as its socket has counted them. Undefined for a stream that is no socket. */
  get sentBytes(): number | undefined {
    return (this.socket as Partial<Socket>).bytesWritten;
  }

  /** Bytes that the client has not read yet. */
  get unsentBytes(): number {
    return this.frames.unsentBytes;
  }

  send(message: OutgoingMessage): void {
    this.frames.send(message);
  }

  beginMessage(): ByteWriter | undefined {
    return this.frames.beginMessage();
  }

  sendWritten(out: ByteWriter, type: number, flags: number, to: ReplyAddress): void {
    this.frames.sendWritten(out, type, flags, to);
  }

  dropWritten(out: ByteWriter): Buffer {
    return this.frames.dropWritten(out);
  }

  runInBackground(work: Promise<void>): void {
    this.background++;
    const done = (): void => {
      this.background--;
      this.onReady();
      this.settle();
    };
    work.then(done, (error: unknown) => {
      this.shared.services.reporter.error(error);
      done();
    });
  }

  protected dropWaiting(): void {
    this.waiting?.clear();
  }

  protected readRequests(): void {
    this.serveWaiting();
    while (this.isServing) {
      const reached = this.fullFor();
      if (reached !== undefined && !this.connection.isGone) {
        if (!this.isHeldBack) this.shared.services.limits.counts[reached]++;
        this.isHeldBack = true;
        this.frames.hold();
        break;
      }
      this.isHeldBack = false;
      const frame = this.readFrame();
      if (frame === undefined) {
        if (this.hasToFinishFirst) this.frames.hold();
        else if (!this.readError) this.frames.release();
        if (!this.hasWaiting) this.requestsInTurn = this.bytesInTurn = 0;
        break;
      }
      if (this.canServe()) this.serve(frame);
      else (this.waiting ??= new RequestQueue(this.shared.services.unserved)).push(frame);
    }
    this.settle();
  }

  protected readFrame(): Frame | undefined {
    if (this.readError) return undefined;
    try {
      return this.frames.next();
    } catch (error) {
      this.readError = error as Error;
      this.frames.hold();
      return undefined;
    }
  }

  private get hasWaiting(): boolean {
    return this.waiting !== undefined && this.waiting.length > 0;
  }

  /** The limit because of which nothing more should be read. Requests that run count, too. */
  private fullFor(): 'maxQueuedRequests' | 'maxUnservedBytes' | undefined {
    const others = this.running + this.background;
    const { maxQueuedRequests } = this.shared.services.options;
    if (this.waiting !== undefined) return this.waiting.fullFor(maxQueuedRequests - others);
    return others >= maxQueuedRequests ? 'maxQueuedRequests' : undefined;
  }

  /**
   * True when a large message arrives while an earlier request runs. The request may run for ever, and the message would hold its share of
   * `maxUnservedBytes` meanwhile.
   */
  private get hasToFinishFirst(): boolean {
    return (this.running > 0 || this.hasWaiting) && this.frames.isReceivingLarge;
  }

  private serveWaiting(): void {
    while (this.hasWaiting && this.canServe()) this.serve(this.waiting!.shift()!);
  }

  private canServe(): boolean {
    if (this.running > 0 || this.waitsForTurn || !this.isServing) return false;
    if (this.frames.isCongested && !this.connection.isGone) return false;
    if (this.requestsInTurn < REQUESTS_PER_TURN && this.bytesInTurn < REQUEST_BYTES_PER_TURN) return true;
    this.waitForTurn();
    return false;
  }

  private waitForTurn(): void {
    this.waitsForTurn = true;
    setImmediate(() => {
      this.waitsForTurn = false;
      this.requestsInTurn = this.bytesInTurn = 0;
      this.onReady();
    });
  }

  private serve(frame: Frame): void {
    this.requestsInTurn++;
    this.bytesInTurn += frame.length;
    this.running++;
    let work: Promise<void> | void = undefined;
    try {
      work = this.shared.dispatcher.serve(this, this.connection, frame);
    } catch (error) {
      this.failed(error);
    }
    if (work === undefined) this.running--;
    else void this.serveNextAfter(work);
  }

  private async serveNextAfter(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.failed(error);
    }
    this.running--;
    this.onReady();
    this.settle();
  }

  /** A request failed, and its client cannot be told. */
  private failed(error: unknown): void {
    this.shared.services.reporter.error(error);
    this.destroy();
  }
}
