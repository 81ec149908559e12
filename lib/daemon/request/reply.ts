import { copyId } from '../../calls/correlation-id.js';
import {
  type Annotations,
  measureAnnotations,
  NO_ANNOTATIONS,
  ResponseAnnotations,
} from '../../protocol/messages/annotations.js';
import { compress, worthCompressing } from '../../protocol/messages/compression.js';
import { configError } from '../../options/option-checks.js';
import { CORRELATION_ID_AT, CORRELATION_ID_BYTES, FLAGS, MESSAGE_TYPES, STREAM_ANNOTATION } from '../../protocol/constants.js';
import { MessageTooLargeError, ProtocolError, PyroError } from '../../protocol/errors.js';
import type { ReplyAddress } from '../../protocol/messages/message.js';
import type { Frame } from '../../protocol/messages/frame-reader.js';
import { overLimit } from '../../protocol/over-limit.js';
import { asError, safeText } from '../../protocol/texts/safe-text.js';
import { unserializableError } from '../../serializers/objects/exceptions.js';
import type { Serializer } from '../../serializers/contract/serializer.js';
import type { DaemonServices } from './daemon-services.js';
import { annotationsOfDaemon } from './daemon-annotations.js';
import { presentableError } from './presentable-error.js';
import type { ReplyChannel } from './reply-channel.js';

/** Longest text of the error that a client gets in place of an error that could not be sent. */
export const MAX_REPLACEMENT_CHARACTERS = 1_000;

/**
 * Answers one message of a client.
 *
 * If a result or an error cannot be sent, the client gets an error that says so, and the connection goes on.
 */
export class Reply implements ReplyAddress {
  readonly seq: number;
  /** Flags of the message; 0 when none could be read. */
  readonly flags: number;
  readonly serializerId: number;
  readonly idBlock: Buffer;
  readonly idAt: number;
  /** Annotations of this reply alone; the daemon's own are added to them. */
  protected annotationsOfReply: ResponseAnnotations | undefined;

  /** @param frame the message to answer; undefined when the client sent none that could be read */
  constructor(
    readonly services: DaemonServices,
    protected readonly channel: ReplyChannel,
    readonly serializer: Serializer,
    frame: Frame | undefined,
  ) {
    const { correlationIds } = services;
    this.serializerId = serializer.id;
    this.idAt = correlationIds.take();
    this.idBlock = correlationIds.block;
    if (frame === undefined) {
      this.seq = 0;
      this.flags = 0;
    } else {
      const { seq, flags } = frame.header;
      this.seq = seq;
      this.flags = flags;
      // a copy of the id: a context that is kept must not keep the message
      if (flags & FLAGS.correlationId) copyId(frame.bytes, frame.start + CORRELATION_ID_AT, this.idBlock, this.idAt);
    }
  }

  /** Answers a PING. */
  pong(serializerId: number): void {
    this.write(MESSAGE_TYPES.ping, serializerId, 0, PONG);
  }

  /** Answers a CONNECT: the connection may be used. */
  connectOk(response: unknown): Promise<void> | void {
    return this.send(MESSAGE_TYPES.connectOk, 0, this.serializer.dumps(response));
  }

  /** Answers a CONNECT: the connection is refused. */
  async connectFail(reason: string): Promise<void> {
    await this.send(MESSAGE_TYPES.connectFail, 0, this.serializer.dumps(reason));
  }

  /** Answers with an exception of this package. It is sent as it is, not through {@link presentableError}. */
  async refuse(error: unknown): Promise<void> {
    await this.sendException(asError(error));
  }

  /** Answers with the result of a call. @param flags `FLAGS.batch` for the results of a batch */
  protected sendResult(value: unknown, flags: number): Promise<void> | void {
    const out = this.services.options.compression ? undefined : this.channel.beginMessage();
    let data: Buffer;
    try {
      if (out === undefined) {
        data = this.serializer.dumps(value);
      } else {
        this.serializer.dumpsInto(value, out);
        if (this.annotationsToSend().size === 0) return this.channel.sendWritten(out, MESSAGE_TYPES.result, flags, this);
        data = this.channel.dropWritten(out);
      }
    } catch (error) {
      if (out !== undefined) this.channel.dropWritten(out);
      return this.sendFailure(unsendable(this.serializer, error));
    }
    try {
      return this.send(MESSAGE_TYPES.result, flags, data)?.catch((error: unknown) =>
        this.sendFailure(this.failureOfSend(error, data.length)),
      );
    } catch (error) {
      return this.sendFailure(this.failureOfSend(error, data.length));
    }
  }

  /** Answers with the error of a result that cannot be sent. */
  private async sendFailure(error: unknown): Promise<void> {
    this.resultFailed(error);
    await this.sendError(error);
  }

  /** The error of a result that was written and cannot be sent. With annotations of the call, they are what does not fit. */
  private failureOfSend(error: unknown, bytes: number): unknown {
    return bytes <= this.services.options.maxMessageBytes && this.dropAnnotations() ? annotationsFailure(error) : error;
  }

  /** A result cannot be sent. The client gets the error in its place. */
  protected resultFailed(_error: unknown): void {}

  /** Answers with an item stream, which the client pulls by its id. @param streamId undefined: this daemon does not stream */
  protected async sendStream(streamId: string | undefined): Promise<void> {
    if (streamId !== undefined) this.responseAnnotations.set(STREAM_ANNOTATION, Buffer.from(streamId));
    const data = this.serializer.dumps(new ProtocolError('result of call is an iterator'));
    await this.send(MESSAGE_TYPES.result, FLAGS.exception | FLAGS.itemStream, data);
    // annotations that the source sets later are sent with its items
    this.responseAnnotations.clear();
  }

  /** Answers with an exception. @returns the error that was sent in place of an exception that cannot be sent */
  protected sendError(error: unknown): Promise<PyroError | undefined> {
    return this.sendException(presentableError(error));
  }

  /** Answers with an exception: without annotations if they do not fit beside it, and with a replacement if it cannot be sent itself. */
  private async sendException(error: Error): Promise<PyroError | undefined> {
    try {
      const data = this.serializer.dumps(error);
      try {
        await this.send(MESSAGE_TYPES.result, FLAGS.exception, data);
      } catch (failure) {
        if (!this.dropAnnotations()) throw failure;
        await this.send(MESSAGE_TYPES.result, FLAGS.exception, data);
        this.services.reporter.error(annotationsFailure(failure));
      }
      return undefined;
    } catch (failure) {
      this.dropAnnotations();
      const replacement = unserializableError(error, failure, MAX_REPLACEMENT_CHARACTERS);
      await this.send(MESSAGE_TYPES.result, FLAGS.exception, this.serializer.dumps(replacement));
      return replacement;
    }
  }

  /** @returns true when the reply had annotations of its own */
  private dropAnnotations(): boolean {
    const had = this.annotationsOfReply !== undefined && this.annotationsOfReply.size > 0;
    this.annotationsOfReply = undefined;
    return had;
  }

  /** Annotations that go back with this reply. */
  get responseAnnotations(): Map<string, Buffer> {
    return (this.annotationsOfReply ??= new ResponseAnnotations());
  }

  /** The correlation id of the reply, 16 bytes: the id that the client sent, or else a new id. */
  protected get correlationBytes(): Buffer {
    return this.idBlock.subarray(this.idAt, this.idAt + CORRELATION_ID_BYTES);
  }

  private send(type: number, flags: number, data: Buffer): Promise<void> | void {
    const { compression, maxMessageBytes } = this.services.options;
    // the limit also holds for the inflated body
    if (data.length > maxMessageBytes) throw tooLarge(data.length, maxMessageBytes);
    const id = this.serializerId;
    const body = compression && worthCompressing(data.length) ? compress(data) : data;
    if (!(body instanceof Promise)) return this.write(type, id, body === data ? flags : flags | FLAGS.compressed, body);
    return body.then((compressed) => this.write(type, id, compressed === data ? flags : flags | FLAGS.compressed, compressed));
  }

  private write(type: number, serializerId: number, flags: number, data: Buffer): void {
    const { seq, correlationBytes } = this;
    this.channel.send({
      type,
      serializerId,
      flags,
      seq,
      data,
      annotations: this.annotationsToSend(),
      correlationId: correlationBytes,
    });
  }

  private annotationsToSend(): Annotations {
    const daemon = this.daemonAnnotations();
    const own = this.annotationsOfReply;
    if (own === undefined || own.size === 0) return daemon;
    return daemon.size === 0 ? own : new Map([...own, ...daemon]);
  }

  private daemonAnnotations(): Annotations {
    const { daemon, options } = this.services;
    try {
      const annotations = annotationsOfDaemon(daemon.annotations());
      if (annotations.size > 0) checkSendable(annotations, options.maxMessageBytes);
      return annotations;
    } catch (error) {
      this.services.reporter.error(error);
      return NO_ANNOTATIONS;
    }
  }
}

/** The error of a result that its serializer cannot write. @param cause why */
export function unsendable(serializer: Serializer, cause: unknown): PyroError {
  return new PyroError(`result cannot be sent with ${serializer.name}: ${safeText(cause)}`, { cause });
}

/** The error of annotations that a method has set, and that no reply can have. @param cause why */
function annotationsFailure(cause: unknown): MessageTooLargeError {
  const text = `the annotations of the call cannot be sent: ${safeText(cause)}`;
  return overLimit('maxMessageBytes', new MessageTooLargeError(text, { cause }));
}

const PONG = Buffer.from('pong');

/** Refuses annotations of the daemon that no message can have: they would end the connection of every reply. */
function checkSendable(annotations: Annotations, maxMessageBytes: number): void {
  const bytes = measureAnnotations(annotations);
  if (bytes > maxMessageBytes)
    throw configError(`the annotations of the daemon have ${bytes} bytes, maxMessageBytes is ${maxMessageBytes}`);
}

function tooLarge(bytes: number, maxMessageBytes: number): MessageTooLargeError {
  const text = `reply too large (${bytes} bytes, maxMessageBytes is ${maxMessageBytes})`;
  return overLimit('maxMessageBytes', new MessageTooLargeError(text));
}
