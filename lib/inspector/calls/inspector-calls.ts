import { randomUUID } from 'node:crypto';
import { kwargs } from '../../client/call/outgoing-call.js';
import { RemoteStream } from '../../client/call/remote-stream.js';
import type { RemoteObject } from '../../client/proxy/remote-proxy.js';
import { MAX_TIMER_MS } from '../../options/option-checks.js';
import { PyroProxy } from '../../pyro/pyro-proxy.js';
import type { CallAnswer, PageCall, StreamAnswer, StreamRequest } from '../contract/contract.js';
import { InspectorStream, type StreamSource } from './inspector-stream.js';
import type { InspectorOptions } from '../contract/inspector-options.js';
import type { InspectorSource } from '../contract/inspector-source.js';
import { closeAtDaemon } from './close-stream.js';
import { RequestRefusal } from '../contract/request-refusal.js';
import { shownError, shownValue } from '../values/shown-values.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { valueOfText } from '../values/typed-values.js';

/** Most proxies that are kept without a running call and without a stream. Each proxy has its own handshake data, and so its own sessions. */
const MAX_PROXIES = 16;
/** A stream takes one connection while it waits for an item. */
const POOL_SIZE = 4;
const CONNECT_TIMEOUT_MS = 5_000;

interface KeptProxy {
  readonly proxy: RemoteObject;
  /** Running calls and open streams. A proxy in use is not released, so there are at most `maxCalls` and `maxStreams` more. */
  uses: number;
}

/**
 * Runs the calls of the page. Each is an ordinary Pyro call, over a connection with a handshake, so all guards decide about it.
 *
 * Calls of one page to one object use the same connections, so that an object with the instance mode `session` keeps its state.
 */
export class InspectorCalls {
  /** The proxies, the least recently used first. */
  private readonly proxies = new Map<string, KeptProxy>();
  private readonly streams = new Map<string, InspectorStream>();
  private readonly running: ConcurrencyLimit;
  private isClosed = false;

  constructor(
    private readonly source: InspectorSource,
    private readonly limits: Required<InspectorOptions>,
  ) {
    const { maxCalls } = limits;
    const text = `${maxCalls} calls of the inspector are running (maxCalls): wait for one of them`;
    this.running = new ConcurrencyLimit(maxCalls, () => new RequestRefusal(429, text));
  }

  /**
   * Runs a call, which counts under `maxCalls` until its answer is sent.
   *
   * @throws {RequestRefusal} when a limit is reached, or the request names no object
   */
  call(request: PageCall, signal: AbortSignal, send: (answer: CallAnswer) => Promise<void>): Promise<void> {
    return this.running.use(async () => send(await this.answerOf(request, signal)));
  }

  /** Reads items of a stream, or closes it. @throws {RequestRefusal} when there is no such stream, or when it is being read */
  async items(
    { streamId, count }: StreamRequest,
    signal: AbortSignal,
    send: (answer: StreamAnswer) => Promise<void>,
  ): Promise<void> {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      const { idleTimeoutMs } = this.limits;
      throw new RequestRefusal(
        404,
        `there is no such stream: it has ended, or nobody has read it for ${idleTimeoutMs} ms (idleTimeoutMs)`,
      );
    }
    if (count > 0) return this.running.use(async () => send(await stream.read(count, signal)));
    stream.close();
    await send({ items: [], isEnded: true, error: null });
  }

  /** Closes all streams and connections. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const stream of this.streams.values()) stream.close();
    const proxies = [...this.proxies.values()];
    this.proxies.clear();
    await Promise.all(proxies.map(({ proxy }) => proxy.$release()));
  }

  private async answerOf(request: PageCall, signal: AbortSignal): Promise<CallAnswer> {
    const begun = performance.now();
    const elapsed = (): number => Math.round((performance.now() - begun) * 100) / 100;
    let kept: KeptProxy | undefined;
    try {
      const { proxy } = (kept = this.proxyFor(request));
      // a stream keeps the signal of its call
      const giveUp = new AbortController();
      const result = await run(proxy.$with({ signal: AbortSignal.any([signal, giveUp.signal]) }), request);
      if (!(result instanceof RemoteStream)) return { kind: 'result', value: shownValue(result), ms: elapsed() };
      const interrupt = (): Promise<void> => {
        // this ends the connection of the running request, so the stream is closed over another one
        giveUp.abort();
        return closeAtDaemon(proxy, result.id);
      };
      return { kind: 'stream', streamId: this.keep({ items: result, interrupt }, kept), ms: elapsed() };
    } catch (error) {
      if (error instanceof RequestRefusal) throw error;
      return { kind: 'error', error: shownError(error), ms: elapsed() };
    } finally {
      if (kept !== undefined) this.endUse(kept);
    }
  }

  /** A proxy for the object, in use until {@link endUse}. */
  private proxyFor({
    session,
    server,
    objectId,
    handshake,
  }: Pick<PageCall, 'session' | 'server' | 'objectId' | 'handshake'>): KeptProxy {
    const key = JSON.stringify([session, server, objectId, handshake]);
    const kept = this.proxies.get(key) ?? { proxy: this.connect(server, objectId, handshake), uses: 0 };
    kept.uses += 1;
    // moves the proxy to the end: the most recently used proxy is last
    this.proxies.delete(key);
    this.proxies.set(key, kept);
    this.releaseUnused();
    return kept;
  }

  private endUse(kept: KeptProxy): void {
    kept.uses -= 1;
    this.releaseUnused();
  }

  private releaseUnused(): void {
    for (const [key, { proxy, uses }] of this.proxies) {
      if (this.proxies.size <= MAX_PROXIES) break;
      if (uses > 0) continue;
      this.proxies.delete(key);
      void proxy.$release();
    }
  }

  private connect(server: string, objectId: string, handshake: string | null): RemoteObject {
    const { callTimeoutMs, idleTimeoutMs, maxResultBytes } = this.limits;
    const { uri, options } = this.source.reach(server, objectId);
    return PyroProxy.to(uri, {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      maxRetries: 0,
      ...options,
      ...(handshake !== null && { handshake: valueOfText(handshake) }),
      callTimeoutMs,
      // longer than for a stream, which is closed over this connection
      idleTimeoutMs: Math.min(2 * idleTimeoutMs, MAX_TIMER_MS),
      maxMessageBytes: maxResultBytes,
      poolSize: POOL_SIZE,
    });
  }

  private keep(source: StreamSource, kept: KeptProxy): string {
    const { maxStreams, idleTimeoutMs } = this.limits;
    if (this.isClosed) {
      void source.items.return();
      throw new RequestRefusal(503, 'the application shuts down');
    }
    if (this.streams.size >= maxStreams) {
      void source.items.return();
      throw new RequestRefusal(429, `${maxStreams} streams are open (maxStreams): stop one of them first`);
    }
    const streamId = randomUUID();
    kept.uses += 1;
    const ended = (told: Promise<unknown>): void => {
      this.streams.delete(streamId);
      void told.finally(() => this.endUse(kept));
    };
    this.streams.set(streamId, new InspectorStream(source, idleTimeoutMs, ended));
    return streamId;
  }
}

function run(
  proxy: RemoteObject,
  { kind, member, args: texts, kwargs: named, isLiteral }: Pick<PageCall, 'kind' | 'member' | 'args' | 'kwargs' | 'isLiteral'>,
): Promise<unknown> {
  const args = texts.map((text) => valueOfText(text, isLiteral));
  if (kind === 'get') return proxy.$get(member as never);
  if (kind === 'set') return proxy.$set(member as never, args[0] as never);
  const keywords = Object.entries(named).map(([name, text]) => [name, valueOfText(text, isLiteral)] as const);
  if (keywords.length > 0) args.push(kwargs(new Map(keywords)));
  return proxy.$call(member, ...args);
}
