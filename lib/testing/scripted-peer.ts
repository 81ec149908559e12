import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { DAEMON_OBJECT_ID, DEFAULT_HANDSHAKE, FLAGS, MESSAGE_TYPES } from '../protocol/constants.js';
import type { Annotations } from '../protocol/messages/annotations.js';
import { FrameReader } from '../protocol/messages/frame-reader.js';
import { type Header, sizeLimit } from '../protocol/messages/header.js';
import { socketAddressOf } from '../protocol/location.js';
import { encodeMessage, type OutgoingMessage } from '../protocol/messages/message.js';
import { dumps, loads, pyTuple } from '../serpent/index.js';
import { tupleOf } from '../serpent/values/values.js';

const MAX = 2 ** 31;
/** Longest wait. It is longer than any delay of a busy machine. */
const MAX_WAIT_MS = 20_000;

/** A message that was received. */
export interface ReceivedFrame {
  /** The decoded header. */
  readonly header: Header;
  /** The annotations, by their identifiers; empty when the message has none. */
  readonly annotations: Annotations;
  /** The data; still compressed when the flags say so. */
  readonly data: Buffer;
  /** 16 bytes; undefined when the message has none. */
  readonly correlationId: Buffer | undefined;
}

/**
 * A client that sends messages byte for byte, including messages that no Pyro client would send.
 *
 * Replies stay in `frames` until {@link next}, {@link call} or {@link fail} takes them. Every wait ends after 20 s with an error.
 */
export class ScriptedPeer {
  /** Messages of the daemon that no method has taken yet, in their order. */
  readonly frames: ReceivedFrame[] = [];
  private readonly reader = new FrameReader(sizeLimit(MAX), Object.values(MESSAGE_TYPES));
  private readonly waiting: (() => void)[] = [];
  private seq = 0;
  /** True once the connection has ended. */
  closed = false;
  /** The fault of bytes that are no Pyro message. */
  private fault: Error | undefined;

  constructor(
    /** The connection to the daemon. */
    readonly socket: Duplex,
  ) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** Opens a connection. @param location `host:port` or `./u:path` as in a URI */
  static async open(location: string): Promise<ScriptedPeer> {
    const address = socketAddressOf(location)!;
    const socket = connect('host' in address && address.host === 'localhost' ? { ...address, host: '127.0.0.1' } : address);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new ScriptedPeer(socket);
  }

  /** Opens a connection and sends a handshake. @throws {Error} when the daemon refuses the handshake */
  static async join(location: string, object = DAEMON_OBJECT_ID, handshake: unknown = DEFAULT_HANDSHAKE): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.open(location);
    peer.connect(object, handshake);
    const answer = await peer.next();
    if (answer.header.type !== MESSAGE_TYPES.connectOk) throw new Error(`refused: ${String(valueOf(answer))}`);
    return peer;
  }

  /**
   * Sends one message. Default: an INVOKE message in serpent, with the next sequence number.
   *
   * @returns the sequence number
   */
  send(message: Partial<OutgoingMessage>): number {
    const seq = message.seq ?? ++this.seq & 0xffff;
    const whole = { type: MESSAGE_TYPES.invoke, serializerId: 1, flags: 0, data: Buffer.alloc(0), ...message, seq };
    this.write(Buffer.concat(encodeMessage(whole, MAX)));
    return seq;
  }

  /** Sends any bytes. */
  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends a CONNECT message. */
  connect(object = DAEMON_OBJECT_ID, handshake: unknown = DEFAULT_HANDSHAKE, extra: Partial<OutgoingMessage> = {}): number {
    return this.send({ type: MESSAGE_TYPES.connect, data: dumps({ handshake, object }), ...extra });
  }

  /** Sends an INVOKE message; does not wait for the reply. */
  invoke(
    object: string,
    method: string,
    args: unknown[] = [],
    kwargs: object = {},
    extra: Partial<OutgoingMessage> = {},
  ): number {
    return this.send({ data: dumps(pyTuple(object, method, tupleOf(args), kwargs)), ...extra });
  }

  /** Calls a method and gives its result. @throws {RemoteFailure} when the reply is an exception */
  async call(object: string, method: string, ...args: unknown[]): Promise<unknown> {
    this.invoke(object, method, args);
    const frame = await this.next();
    if (frame.header.flags & FLAGS.exception) throw new RemoteFailure(frame);
    return valueOf(frame);
  }

  /** Calls a method that is expected to fail, and gives its exception. @throws {Error} when the reply is no exception */
  async fail(object: string, method: string, ...args: unknown[]): Promise<RemoteFailure> {
    this.invoke(object, method, args);
    const frame = await this.next();
    if (!(frame.header.flags & FLAGS.exception)) throw new Error(`expected an exception, got ${JSON.stringify(valueOf(frame))}`);
    return new RemoteFailure(frame);
  }

  /** Waits for the next frame. @throws {Error} when the connection closes first, or after 20 s @throws {ProtocolError} when the bytes are no Pyro message */
  async next(): Promise<ReceivedFrame> {
    await this.until(() => this.frames.length > 0);
    const frame = this.frames.shift();
    if (frame === undefined) throw this.fault ?? new Error('the connection closed before a frame came');
    return frame;
  }

  /** Resolves when the connection is closed. @throws {Error} after 20 s */
  async untilClosed(): Promise<void> {
    await this.until(() => false);
  }

  /** Ends the sending side of the connection. */
  end(): void {
    this.socket.end();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    // bytes that follow a fault, before the socket has closed
    if (this.fault) return;
    try {
      this.reader.push(chunk);
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) this.frames.push(frame);
    } catch (error) {
      this.fault = error as Error;
      this.destroy();
    }
    this.wake();
  }

  private async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + MAX_WAIT_MS;
    while (!this.closed && !condition()) {
      if (performance.now() > deadline) throw new Error(`nothing came for ${MAX_WAIT_MS / 1_000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250);
        this.waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** The exception in a reply. */
export class RemoteFailure extends Error {
  /** Dotted name of the Python class: `builtins.ValueError`. */
  readonly pythonType: string;
  /** Arguments of the exception. */
  readonly args: unknown[];
  /** Attributes of the exception by name, with the traceback of the server in `_pyroTraceback`. */
  readonly attributes: Record<string, unknown>;

  constructor(
    /** The reply, as it was received. */
    readonly frame: ReceivedFrame,
  ) {
    const dict = valueOf(frame) as { __class__: string; args: unknown[]; attributes: Record<string, unknown> };
    super(`${dict.__class__}: ${dict.args.join(', ')}`);
    this.pythonType = dict.__class__;
    this.args = dict.args;
    this.attributes = dict.attributes;
  }
}

/** Reads the serpent value of a frame. */
export function valueOf(frame: ReceivedFrame): unknown {
  return loads(frame.data);
}
