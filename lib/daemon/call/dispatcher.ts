import { decompress } from '../../protocol/compression.js';
import { FLAGS, MESSAGE_TYPES, SET_ATTRIBUTE } from '../../protocol/constants.js';
import { PyroError, SecurityError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { sizeLimit } from '../../protocol/header.js';
import { overLimit } from '../../protocol/over-limit.js';
import { PythonException } from '../../protocol/python-exception.js';
import type { SerializedCall, Serializer } from '../../serializers/contract/serializer.js';
import { UnreadableError } from '../../serializers/contract/unreadable-error.js';
import { readBlobCall } from '../../serializers/contract/serialized-blob.js';
import { runIsolated } from '../../calls/async-context.js';
import { runSteps, type Steps } from '../../calls/steps.js';
import { type AnyIterator, asStream } from '../../objects/item-iterators.js';
import type { SessionConnection } from '../connection/connection.js';
import type { ReplyChannel } from '../contract/reply-channel.js';
import type { Authorization } from '../contract/authorization.js';
import type { PyroTarget } from '../contract/target.js';
import { guardedObject } from '../object/object-guards.js';
import { runBatch } from './batch.js';
import { type CallServices, unknownSerializerText } from './call-services.js';
import { reportFailure } from './failure-report.js';
import { Reply } from './reply.js';
import { Call, Request } from './request.js';
import { runCall } from './run-call.js';
import { closeUnpulled } from './streams.js';

/** Turns one request into calls, and their results into one reply. @see Pyro5/server.py, `Daemon.handleRequest` */
export class Dispatcher {
  constructor(private readonly services: CallServices) {}

  /** Serves one INVOKE or PING. Returns a promise only when something has to be waited for. */
  serve(channel: ReplyChannel, connection: SessionConnection, frame: Frame): Promise<void> | void {
    const { services } = this;
    const { type, serializerId } = frame.header;
    if (type === MESSAGE_TYPES.ping) return new Reply(services, channel, services.marshal, frame).pong(serializerId);
    const serializer = services.serializers.get(serializerId);
    if (serializer === undefined) return this.refuseSerializer(channel, connection, frame);
    return runSteps(this.serveInvoke(new Request(services, channel, connection, serializer, frame), serializer, frame));
  }

  /** The client uses a serializer that this daemon does not accept. */
  private async refuseSerializer(channel: ReplyChannel, connection: SessionConnection, frame: Frame): Promise<void> {
    const { services } = this;
    const request = new Request(services, channel, connection, services.marshal, frame);
    const refusal = new PyroError(unknownSerializerText(frame.header.serializerId, services.options));
    await request.refuse(refusal);
    reportFailure(refusal, request, {});
    channel.close();
  }

  private *serveInvoke(request: Request, serializer: Serializer, frame: Frame): Steps<void> {
    let call: SerializedCall;
    try {
      call = (yield this.read(request, serializer, frame)) as SerializedCall;
    } catch (error) {
      yield this.refuseUnread(request, error);
      reportFailure(error, request, request.unread);
      return;
    }
    request.call = call;
    const inOrder = !request.oneway || request.isBatch || call.method === SET_ATTRIBUTE;
    const work = runIsolated(() => runSteps(this.answer(request, call)));
    if (inOrder) yield work;
    else if (work) request.runInBackground(work);
  }

  /**
   * Answers a request whose call cannot be read. As in Pyro5 the connection goes on, but for communication errors: an unknown class,
   * or data that cannot be inflated.
   */
  private async refuseUnread(request: Request, error: unknown): Promise<void> {
    if (error instanceof UnreadableError) return request.error(error.toPythonError());
    await request.refuse(error);
    if (!(error instanceof SecurityError)) request.closeConnection();
  }

  private read(request: Request, serializer: Serializer, frame: Frame): SerializedCall | Promise<SerializedCall> {
    const { services } = this;
    const { flags } = frame.header;
    const readFrom = (data: Buffer): SerializedCall =>
      flags & FLAGS.keepSerialized
        ? readBlobCall(data, frame.annotations, serializer, services.blobInfoReaders, request)
        : serializer.loadsCall(data, request);
    if (!(flags & FLAGS.compressed)) return readFrom(frame.data);
    const data = decompress(frame.data, sizeLimit(services.options.maxMessageBytes));
    return data instanceof Promise ? data.then(readFrom) : readFrom(data);
  }

  /** Runs the request and sends its reply. With `callTimeoutMs` the reply may be sent before the run has ended. */
  private *answer(request: Request, call: SerializedCall): Steps<void> {
    const stopTimeout = this.startTimeout(request, call);
    try {
      const target = this.targetOf(request, call);
      const authorization = request.connection.authorizations.authorize(target, call.objectId);
      // a promise only for the first call of a guarded object
      request.authorization = authorization instanceof Promise ? ((yield authorization) as Authorization) : authorization;
      request.guardedObject = guardedObject(target, call.objectId);
      const result = yield this.run(request, target, call);
      yield stopTimeout() ? this.reply(request, call, result) : closeUnpulled(result);
    } catch (error) {
      if (stopTimeout()) yield request.error(error);
      reportFailure(error, request, call);
    } finally {
      request.finish();
    }
  }

  private targetOf({ connection }: Request, { objectId }: SerializedCall): PyroTarget {
    const target = this.services.objects.known(objectId);
    // only targets that must be told of the end are kept
    if (target.connectionEnded) connection.usedTargets.add(target);
    return target;
  }

  private run(request: Request, target: PyroTarget, call: SerializedCall): unknown {
    if (request.isBatch) return runSteps(runBatch(request, target, call));
    return runCall(new Call(request, call.objectId, call.method, call.kwargs), target, call.args);
  }

  private reply(request: Request, call: SerializedCall, result: unknown): Promise<void> | void {
    if (request.oneway) return closeUnpulled(result);
    const stream = request.isBatch ? undefined : asStream(result);
    return stream === undefined ? request.result(result) : this.replyStream(request, call, stream);
  }

  private async replyStream(request: Request, call: SerializedCall, stream: AnyIterator): Promise<void> {
    const { options, streams } = this.services;
    if (!options.streaming) {
      await closeUnpulled(stream);
      reportFailure(
        new PyroError(`${call.method} gives an item stream, but this daemon does not stream (streaming)`),
        request,
        call,
      );
      return request.stream(undefined);
    }
    let id: string;
    try {
      id = streams.open(new Call(request, call.objectId, call.method, call.kwargs), stream);
    } catch (error) {
      await closeUnpulled(stream);
      throw error;
    }
    return request.stream(id);
  }

  /** @returns a function that stops the timeout; false when the client was told of the timeout already */
  private startTimeout(request: Request, { method }: SerializedCall): () => boolean {
    const { callTimeoutMs } = this.services.options;
    if (callTimeoutMs === 0) return NO_TIMEOUT;
    const timer = setTimeout(() => {
      const text = `${method} took longer than callTimeoutMs (${callTimeoutMs} ms)`;
      request.timeOut(overLimit('callTimeoutMs', new PythonException('builtins.TimeoutError', [text])));
    }, callTimeoutMs);
    return () => {
      clearTimeout(timer);
      return !request.timedOut;
    };
  }
}

const NO_TIMEOUT = (): boolean => true;
