import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DAEMON_OBJECT_ID, DEFAULT_HANDSHAKE, FLAGS, MESSAGE_TYPES } from '../protocol/constants.js';
import { type Frame, FrameReader } from '../protocol/frame-reader.js';
import { sizeLimit } from '../protocol/header.js';
import { encodeMessage, type OutgoingMessage } from '../protocol/message.js';
import { dumps, loads, pyTuple } from '../serpent/index.js';

const MAX = 2 ** 31;

/**
 * A peer that sends what it is told to, byte for byte: for what no Pyro client would ever send.
 *
 * Replies are kept in `frames` until they are taken by {@link next}, {@link call} or {@link fail}. Whatever it waits for, it
 * waits 5 s at most.
 */
export class ScriptedPeer {
  readonly frames: Frame[] = [];
  private readonly reader = new FrameReader(sizeLimit(MAX), Object.values(MESSAGE_TYPES));
  private readonly waiting: (() => void)[] = [];
  private seq = 0;
  closed = false;

  constructor(readonly socket: Duplex) {
    socket.on('data', (chunk: Buffer) => {
      this.reader.push(chunk);
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) this.frames.push(frame);
      this.wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  /** @param location `host:port` or `./u:path` as a daemon gives it */
  static async open(location: string): Promise<ScriptedPeer> {
    const colon = location.lastIndexOf(':');
    const host = location.slice(0, colon);
    const socket: Socket =
      host === './u'
        ? connect(location.slice(4))
        : connect(Number(location.slice(colon + 1)), host === 'localhost' ? '127.0.0.1' : host);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new ScriptedPeer(socket);
  }

  /** Opened and past its handshake. */
  static async join(location: string, object = DAEMON_OBJECT_ID, handshake: unknown = DEFAULT_HANDSHAKE): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.open(location);
    peer.connect(object, handshake);
    const answer = await peer.next();
    if (answer.header.type !== MESSAGE_TYPES.connectOk) throw new Error(`refused: ${String(valueOf(answer))}`);
    return peer;
  }

  /**
   * Sends one message, an INVOKE in serpent with the next sequence number unless told otherwise.
   *
   * @returns its sequence number
   */
  send(message: Partial<OutgoingMessage>): number {
    const seq = message.seq ?? ++this.seq & 0xffff;
    const whole = { type: MESSAGE_TYPES.invoke, serializerId: 1, flags: 0, data: Buffer.alloc(0), ...message, seq };
    this.write(Buffer.concat(encodeMessage(whole, MAX)));
    return seq;
  }

  /** Sends bytes that need not be a message. */
  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends a CONNECT message. */
  connect(object = DAEMON_OBJECT_ID, handshake: unknown = DEFAULT_HANDSHAKE, extra: Partial<OutgoingMessage> = {}): number {
    return this.send({ type: MESSAGE_TYPES.connect, data: dumps({ handshake, object }), ...extra });
  }

  invoke(
    object: string,
    method: string,
    args: unknown[] = [],
    kwargs: object = {},
    extra: Partial<OutgoingMessage> = {},
  ): number {
    return this.send({ data: dumps(pyTuple(object, method, pyTuple(...args), kwargs)), ...extra });
  }

  /** Invokes and gives the value of the reply; an exception is thrown as `RemoteFailure`. */
  async call(object: string, method: string, ...args: unknown[]): Promise<unknown> {
    this.invoke(object, method, args);
    const frame = await this.next();
    if (frame.header.flags & FLAGS.exception) throw new RemoteFailure(frame);
    return valueOf(frame);
  }

  /** Invokes and gives the exception of the reply. */
  async fail(object: string, method: string, ...args: unknown[]): Promise<RemoteFailure> {
    this.invoke(object, method, args);
    const frame = await this.next();
    if (!(frame.header.flags & FLAGS.exception)) throw new Error(`expected an exception, got ${JSON.stringify(valueOf(frame))}`);
    return new RemoteFailure(frame);
  }

  /** The next frame; fails when the connection closes first, or after 5 s. */
  async next(): Promise<Frame> {
    await this.until(() => this.frames.length > 0);
    const frame = this.frames.shift();
    if (frame === undefined) throw new Error('the connection closed before a frame came');
    return frame;
  }

  /** Resolves when the other side has closed. */
  async untilClosed(): Promise<void> {
    await this.until(() => false);
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private async until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + 5_000;
    while (!this.closed && !condition()) {
      if (Date.now() > deadline) throw new Error('nothing came for 5 s');
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

/** The exception of a reply. */
export class RemoteFailure extends Error {
  readonly pythonType: string;
  readonly args: unknown[];
  readonly attributes: Record<string, unknown>;

  constructor(readonly frame: Frame) {
    const dict = valueOf(frame) as { __class__: string; args: unknown[]; attributes: Record<string, unknown> };
    super(`${dict.__class__}: ${dict.args.join(', ')}`);
    this.pythonType = dict.__class__;
    this.args = dict.args;
    this.attributes = dict.attributes;
  }
}

/** The serpent value of a frame. */
export function valueOf(frame: Frame): unknown {
  return loads(frame.data);
}
