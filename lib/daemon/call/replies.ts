import { compress, worthCompressing } from '../../protocol/compression.js';
import { FLAGS, MESSAGE_TYPES, STREAM_ANNOTATION } from '../../protocol/constants.js';
import { MessageTooLargeError, ProtocolError, PyroError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { asError, safeText } from '../../protocol/safe-text.js';
import { SERIALIZER_IDS, type Serializer } from '../../serializers/contract/serializer.js';
import { unserializableText } from '../../serializers/objects/exceptions.js';
import type { Request } from './call.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import { presentableError } from './presentable-error.js';
import type { RequestLoop } from '../session/request-loop.js';

/** What a reply to a request without a context of its own carries. */
interface Addressee {
  seq: number;
  correlationBytes?: Buffer;
  replyAnnotations?: ReadonlyMap<string, Buffer>;
  oneway?: boolean;
}

/** Writes replies. Whatever is wrong with a reply, the client gets an answer and the connection lives on. */
export class Replies {
  constructor(
    private readonly options: ResolvedDaemonOptions,
    private readonly marshal: Serializer,
    private readonly daemonAnnotations: () => ReadonlyMap<string, Buffer>,
    private readonly onError: (error: unknown) => void,
  ) {}

  pong(loop: RequestLoop, { header, correlationId }: Frame): void {
    loop.frames.send({
      type: MESSAGE_TYPES.ping,
      serializerId: header.serializerId,
      flags: 0,
      seq: header.seq,
      data: Buffer.from('pong'),
      annotations: this.ownAnnotations(),
      correlationId,
    });
  }

  connectOk(loop: RequestLoop, frame: Frame, serializer: Serializer, response: unknown): Promise<void> | void {
    return this.send(loop, addresseeOf(frame), serializer.id, MESSAGE_TYPES.connectOk, 0, serializer.dumps(response));
  }

  /** @param serializer that of the CONNECT message; refusals that come before it is known are in marshal */
  async connectFail(loop: RequestLoop, frame: Frame | undefined, reason: string, serializer = this.marshal): Promise<void> {
    await this.send(loop, addresseeOf(frame), serializer.id, MESSAGE_TYPES.connectFail, 0, serializer.dumps(reason));
  }

  result(loop: RequestLoop, request: Request, serializer: Serializer, value: unknown): Promise<void> | void {
    let data: Buffer;
    try {
      data = serializer.dumps(value);
    } catch (error) {
      return this.error(loop, request, serializer, unsendable('result', serializer, error));
    }
    const flags = request.flags & FLAGS.batch;
    const failed = (error: unknown): Promise<void> => this.error(loop, request, serializer, error);
    try {
      return this.send(loop, request, serializer.id, MESSAGE_TYPES.result, flags, data)?.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** The answer of a method that gave an iterator. Without an id the daemon does not stream. */
  async stream(loop: RequestLoop, request: Request, serializer: Serializer, streamId: string | undefined): Promise<void> {
    if (streamId !== undefined) request.responseAnnotations.set(STREAM_ANNOTATION, Buffer.from(streamId));
    const data = serializer.dumps(new ProtocolError('result of call is an iterator'));
    await this.send(loop, request, serializer.id, MESSAGE_TYPES.result, FLAGS.exception | FLAGS.itemStream, data);
    // sent; what the stream's source sets from now on goes with its items
    request.responseAnnotations.clear();
  }

  /** Answers with an exception; of a oneway request nothing is sent. */
  async error(loop: RequestLoop, request: Request, serializer: Serializer, error: unknown): Promise<void> {
    if (request.oneway) return;
    const presented = presentableError(error);
    try {
      const data = serializer.dumps(presented);
      await this.send(loop, request, serializer.id, MESSAGE_TYPES.result, FLAGS.exception, data);
    } catch (failure) {
      const text = unserializableText(presented, failure);
      request.responseAnnotations.clear();
      await this.send(
        loop,
        request,
        serializer.id,
        MESSAGE_TYPES.result,
        FLAGS.exception,
        serializer.dumps(new PyroError(text.slice(0, 1_000))),
      );
    }
  }

  /** Arguments that could not be read: with Pyro5's own error class, since the connection ends. */
  async unreadable(loop: RequestLoop, request: Request, serializer: Serializer, error: unknown): Promise<void> {
    if (request.oneway) return;
    await this.send(loop, request, serializer.id, MESSAGE_TYPES.result, FLAGS.exception, serializer.dumps(asError(error)));
  }

  /** The client speaks a serializer we do not: said in marshal, then the connection ends. */
  async unknownSerializer(loop: RequestLoop, frame: Frame): Promise<void> {
    const { header } = frame;
    const data = this.marshal.dumps(new PyroError(unknownSerializerText(header.serializerId, this.options)));
    if (!(header.flags & FLAGS.oneway))
      await this.send(loop, addresseeOf(frame), this.marshal.id, MESSAGE_TYPES.result, FLAGS.exception, data);
    loop.close();
  }

  private send(
    loop: RequestLoop,
    to: Addressee,
    serializerId: number,
    type: number,
    flags: number,
    data: Buffer,
  ): Promise<void> | void {
    const { compression, maxMessageBytes } = this.options;
    // the limit holds for what comes out at the other end, too
    if (data.length > maxMessageBytes) throw tooLarge(data.length, maxMessageBytes);
    const write = (body: Buffer): void => {
      loop.frames.send({
        type,
        serializerId,
        flags: body === data ? flags : flags | FLAGS.compressed,
        seq: to.seq,
        data: body,
        annotations: this.annotationsFor(to),
        correlationId: to.correlationBytes,
      });
    };
    const body = compression && worthCompressing(data.length) ? compress(data) : data;
    return body instanceof Promise ? body.then(write) : write(body);
  }

  private annotationsFor({ replyAnnotations }: Addressee): ReadonlyMap<string, Buffer> {
    const own = this.ownAnnotations();
    if (replyAnnotations === undefined || replyAnnotations.size === 0) return own;
    return own.size === 0 ? replyAnnotations : new Map([...replyAnnotations, ...own]);
  }

  private ownAnnotations(): ReadonlyMap<string, Buffer> {
    try {
      return this.daemonAnnotations();
    } catch (error) {
      this.onError(error);
      return new Map();
    }
  }
}

/** The reason a serializer id is refused for. */
export function unknownSerializerText(id: number, { serializers }: ResolvedDaemonOptions): string {
  const allowed = serializers ?? Object.keys(SERIALIZER_IDS);
  return `message used serializer ${id}, which is not accepted; this daemon accepts ${allowed.join(', ')} (serializers)`;
}

function addresseeOf(frame: Frame | undefined): Addressee {
  return { seq: frame?.header.seq ?? 0, correlationBytes: frame?.correlationId };
}

function unsendable(what: string, serializer: Serializer, error: unknown): PyroError {
  return new PyroError(`${what} cannot be sent with ${serializer.name}: ${safeText(error)}`, { cause: error });
}

function tooLarge(bytes: number, maxMessageBytes: number): MessageTooLargeError {
  return new MessageTooLargeError(`reply too large (${bytes} bytes, maxMessageBytes is ${maxMessageBytes})`);
}
