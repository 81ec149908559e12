import { FLAGS, MESSAGE_TYPES } from '../../protocol/constants.js';
import { decompress } from '../../protocol/compression.js';
import { DaemonError, PyroError, SecurityError, SerializeError } from '../../protocol/errors.js';
import type { Frame } from '../../protocol/frame-reader.js';
import { sizeLimit } from '../../protocol/header.js';
import { RandomIds } from '../../calls/correlation-id.js';
import { attributeError, PythonException, pythonTypeError } from '../../protocol/python-exception.js';
import { ExceptionWrapper } from '../../serializers/objects/class-dicts.js';
import { readBlobCall } from '../../serializers/contract/serialized-blob.js';
import type { ReadContext, SerializedCall, Serializer } from '../../serializers/contract/serializer.js';
import { runInCall } from '../../calls/current-call.js';
import { runSteps, type Steps } from '../../calls/steps.js';
import { Call, Request } from './call.js';
import type { Daemon } from '../daemon.js';
import type { ResolvedDaemonOptions } from '../options/daemon-options.js';
import type { ObjectRegistry } from '../object/registry.js';
import { isPrivateName } from '../../objects/private-names.js';
import { presentableError } from './presentable-error.js';
import type { Replies } from './replies.js';
import type { RequestLoop } from '../session/request-loop.js';
import { type AnyIterator, asStream } from '../../objects/item-iterators.js';
import type { StreamRegistry } from './streams.js';
import type { PyroTarget } from '../contract/target.js';

/** Entries of a batch that run before other connections get their turn. */
const BATCH_SLICE = 100;

/** Turns one request into calls and their results into one reply. @see Pyro5/server.py, `Daemon.handleRequest` */
export class Dispatcher {
  private readonly ids = new RandomIds();

  constructor(
    private readonly daemon: Daemon,
    private readonly options: ResolvedDaemonOptions,
    private readonly serializers: ReadonlyMap<number, Serializer>,
    private readonly marshal: Serializer,
    private readonly objects: ObjectRegistry,
    private readonly streams: StreamRegistry,
    private readonly replies: Replies,
    private readonly decodeProxy: (state: readonly unknown[], origin: Request) => unknown,
  ) {}

  /** Serves one INVOKE or PING. Without a promise, unless something has to be waited for. */
  serve(loop: RequestLoop, frame: Frame): Promise<void> | void {
    if (frame.header.type === MESSAGE_TYPES.ping) return this.replies.pong(loop, frame);
    const serializer = this.serializers.get(frame.header.serializerId);
    if (serializer === undefined) return this.replies.unknownSerializer(loop, frame);
    return runSteps(this.serveInvoke(loop, frame, serializer));
  }

  private *serveInvoke(loop: RequestLoop, frame: Frame, serializer: Serializer): Steps<void> {
    const request = new Request(this.daemon, loop.connection, frame, serializer.name, this.ids);
    let call: SerializedCall;
    try {
      call = (yield this.read(request, frame, serializer)) as SerializedCall;
    } catch (error) {
      // bytes that cannot be read may hide more than one mistake: answered, then the connection ends
      yield this.replies.unreadable(loop, request, serializer, error);
      if (!(error instanceof SecurityError)) loop.close();
      return;
    }
    const { flags } = request;
    const inOrder = !(flags & FLAGS.oneway) || flags & FLAGS.batch || call.method === '__setattr__';
    const work = runSteps(this.answer(loop, request, serializer, call));
    if (inOrder) yield work;
    else if (work) loop.runBeside(work);
  }

  private read(request: Request, frame: Frame, serializer: Serializer): SerializedCall | Promise<SerializedCall> {
    const { flags } = frame.header;
    const context: ReadContext = { decodeProxy: (state) => this.decodeProxy(state, request) };
    const readFrom = (data: Buffer): SerializedCall =>
      flags & FLAGS.keepSerialized
        ? readBlobCall(data, frame.annotations, serializer, this.marshal, context)
        : serializer.loadsCall(data, context);
    if (!(flags & FLAGS.compressed)) return readFrom(frame.data);
    const data = decompress(frame.data, sizeLimit(this.options.maxMessageBytes));
    return data instanceof Promise ? data.then(readFrom) : readFrom(data);
  }

  /** Runs the request and sends its reply; with `callTimeoutMs` the reply may come before the run has ended. */
  private *answer(loop: RequestLoop, request: Request, serializer: Serializer, call: SerializedCall): Steps<void> {
    const timer = this.startTimeout(loop, request, serializer, call);
    try {
      const result = yield this.run(loop, request, call);
      yield timer.stop() ? this.reply(loop, request, serializer, call, result) : discard(result);
    } catch (error) {
      if (timer.stop()) yield this.replies.error(loop, request, serializer, error);
      this.report(error, request, call);
    } finally {
      request.finish();
    }
  }

  private run(loop: RequestLoop, request: Request, call: SerializedCall): unknown {
    const target = this.objects.get(call.objectId);
    if (target === undefined) throw new DaemonError('unknown object');
    const { connection } = loop;
    // kept for the connection's life: only what wants to know of its end
    if (target.connectionEnded) connection.usedTargets.add(target);
    const admission = connection.admissions.admit(target, call.objectId);
    if (admission instanceof Promise)
      return admission.then(({ principal }) => this.runAdmitted(request, target, call, principal));
    return this.runAdmitted(request, target, call, admission.principal);
  }

  private runAdmitted(request: Request, target: PyroTarget, call: SerializedCall, principal: unknown): unknown {
    request.principal = principal;
    if (request.flags & FLAGS.batch) return runSteps(this.runBatch(request, target, call));
    return runCall(new Call(request, call.objectId, call.method, call.kwargs), target, call.args);
  }

  /** Runs the entries in order up to the first that fails; its error is the last result. */
  private *runBatch(request: Request, target: PyroTarget, batch: SerializedCall): Steps<unknown[]> {
    const results: unknown[] = [];
    for (const [index, entry] of batch.args.entries()) {
      // its client was told that it took too long
      if (request.timedOut) break;
      if (index > 0 && index % BATCH_SLICE === 0) yield new Promise((resolve) => setImmediate(resolve));
      const { method, args, kwargs } = batchEntry(entry);
      const call = new Call(request, batch.objectId, method, kwargs);
      let result: unknown;
      try {
        result = yield runCall(call, target, args);
        const stream = asStream(result);
        if (stream) {
          yield discard(stream);
          throw new PyroError(`"${method}" gives an item stream, which cannot be part of a batch`);
        }
      } catch (error) {
        results.push(new ExceptionWrapper(presentableError(error)));
        this.report(error, request, { objectId: batch.objectId, method, args, kwargs });
        break;
      }
      results.push(result);
    }
    return results;
  }

  private reply(
    loop: RequestLoop,
    request: Request,
    serializer: Serializer,
    call: SerializedCall,
    result: unknown,
  ): Promise<void> | void {
    if (request.oneway) return discard(result);
    const stream = request.flags & FLAGS.batch ? undefined : asStream(result);
    if (stream === undefined) return this.replies.result(loop, request, serializer, result);
    return this.replyStream(loop, request, serializer, call, stream);
  }

  private async replyStream(
    loop: RequestLoop,
    request: Request,
    serializer: Serializer,
    call: SerializedCall,
    stream: AnyIterator,
  ): Promise<void> {
    if (!this.options.streaming) {
      await discard(stream);
      return this.replies.stream(loop, request, serializer, undefined);
    }
    let id: string;
    try {
      id = this.streams.open(new Call(request, call.objectId, call.method, call.kwargs), stream);
    } catch (error) {
      await discard(stream);
      throw error;
    }
    return this.replies.stream(loop, request, serializer, id);
  }

  private startTimeout(loop: RequestLoop, request: Request, serializer: Serializer, call: SerializedCall): { stop(): boolean } {
    const { callTimeoutMs } = this.options;
    if (callTimeoutMs === 0) return noTimeout;
    let running = true;
    const timer = setTimeout(() => {
      running = false;
      const error = new PythonException('builtins.TimeoutError', [
        `${call.method} took longer than callTimeoutMs (${callTimeoutMs} ms)`,
      ]);
      request.timeOut(error);
      const told = this.replies.error(loop, request, serializer, error).catch((failure: unknown) => {
        loop.hangUp('now');
        throw failure;
      });
      loop.runBeside(told);
    }, callTimeoutMs);
    return {
      stop() {
        clearTimeout(timer);
        return running;
      },
    };
  }

  private report(error: unknown, request: Request, call: SerializedCall): void {
    const info = { connection: request.connection, objectId: call.objectId, method: call.method };
    this.daemon.reportCallFailed(error, info);
    // nobody else gets to see it (oneway), or this side asked to see it (callback)
    if (request.oneway || this.isCallback(call)) this.daemon.reportCallError(error, info);
  }

  private isCallback({ objectId, method }: SerializedCall): boolean {
    try {
      return this.objects.get(objectId)?.isCallback(method) === true;
    } catch {
      // a weakly registered object that is gone: its caller was told
      return false;
    }
  }
}

/** Closes the iterator of a result that nobody will pull. */
function discard(result: unknown): Promise<void> | void {
  const stream = asStream(result);
  if (stream) return closeStream(stream);
}

async function closeStream(stream: AnyIterator): Promise<void> {
  await stream.return?.();
}

const noTimeout = { stop: () => true };

/** Runs one call on a target that has let the connection in. Only what its metadata names is reached. */
function runCall(call: Call, target: PyroTarget, args: unknown[]): unknown {
  const { method } = call;
  const { metadata } = target;
  return runInCall(call, () => {
    if (metadata.methods.has(method)) return target.invoke(method, args, call.kwargs as Record<string, unknown>, call);
    if (method === '__getattr__') return target.getAttribute(attributeName(metadata.attrs, args, 1), call);
    if (method === '__setattr__') return target.setAttribute(attributeName(metadata.attrs, args, 2), args[1], call);
    if (isPrivateName(method)) throw attributeError(`attempt to access private attribute '${method}'`);
    throw attributeError(`attempt to access unexposed or unknown remote attribute '${method}'`);
  });
}

function attributeName(attrs: ReadonlySet<string>, args: unknown[], count: number): string {
  const [name] = args;
  if (args.length !== count || typeof name !== 'string')
    throw pythonTypeError(`attribute access takes ${count} arguments, the first a name`);
  if (isPrivateName(name)) throw attributeError(`attempt to access private attribute '${name}'`);
  if (!attrs.has(name)) throw attributeError(`attempt to access unexposed or unknown remote attribute '${name}'`);
  return name;
}

function batchEntry(entry: unknown): { method: string; args: unknown[]; kwargs: Record<string, unknown> } {
  if (Array.isArray(entry) && entry.length === 3) {
    const [method, args, kwargs] = entry as unknown[];
    const named = kwargs instanceof Map ? (Object.fromEntries(kwargs as Map<string, unknown>) as unknown) : (kwargs ?? {});
    if (typeof method === 'string' && Array.isArray(args) && typeof named === 'object' && !Array.isArray(named)) {
      return { method, args, kwargs: named as Record<string, unknown> };
    }
  }
  throw new SerializeError('an entry of a batch is (method, args, kwargs)');
}
