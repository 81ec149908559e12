import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkOptions, givenOptions } from '../options/option-checks.js';
import { asError } from '../protocol/texts/safe-text.js';
import type { CallAnswer, StreamAnswer } from './contract/contract.js';
import { callRequestOf, streamRequestOf } from './calls/call-requests.js';
import { INSPECTOR_DEFAULTS, INSPECTOR_RULES, type InspectorOptions } from './contract/inspector-options.js';
import { InspectorCalls } from './calls/inspector-calls.js';
import type { InspectorSource } from './contract/inspector-source.js';
import { isClosed, OpenResponses } from './requests/open-responses.js';
import { sendPage } from './page-files.js';
import { RequestRefusal } from './contract/request-refusal.js';
import {
  readJson,
  refuseForeignReader,
  refuseForeignWriter,
  refuseLargeBody,
  refusePipelined,
  setSecurityHeaders,
} from './requests/request-rules.js';
import { ConcurrencyLimit } from './calls/concurrency-limit.js';
import { type FeedReader, SnapshotFeed } from './requests/snapshot-feed.js';

/** Longest id of a page, filter and id of an object that are read. */
const MAX_QUERY_CHARS = 1_000;

/** Paths of GET requests, below the path of the inspector. The page itself and its files are `''`. */
export type InspectorRoute = '' | 'snapshot' | 'events';

/** Paths of POST requests. */
export type InspectorAction = 'call' | 'stream';

/** Answers the requests of the inspector's page. Requests and responses are the classes of `node:http`, so no framework is needed. */
export class Inspector {
  private readonly limits: Required<InspectorOptions>;
  private readonly feed: SnapshotFeed;
  private readonly calls: InspectorCalls;
  private readonly snapshots: ConcurrencyLimit;
  private readonly answers = new OpenResponses();
  private isClosed = false;

  /**
   * @param mayRead called before every request; throws a {@link RequestRefusal} to refuse it
   * @throws {PyroError} `CONFIG`, when an option is wrong
   */
  constructor(
    source: (limits: Required<InspectorOptions>) => InspectorSource,
    options: InspectorOptions,
    private readonly mayRead: (request: IncomingMessage) => void,
  ) {
    checkOptions(options, INSPECTOR_RULES, 'inspector: ');
    this.limits = { ...INSPECTOR_DEFAULTS, ...givenOptions(options) };
    const made = source(this.limits);
    this.feed = new SnapshotFeed(made, this.limits);
    this.calls = new InspectorCalls(made, this.limits);
    const { maxReaders } = this.limits;
    const text = `${maxReaders} snapshots are being read (maxReaders): wait for one of them, or raise the option`;
    this.snapshots = new ConcurrencyLimit(maxReaders, () => new RequestRefusal(503, text));
  }

  /** Answers a GET request. */
  get(route: InspectorRoute, request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.answer(request, response, () => {
      switch (route) {
        case '':
          return sendPage(request, response, queryOf(request), this.answers);
        case 'snapshot':
          refuseForeignReader(request);
          return this.snapshots.use(async () => this.sendJson(response, 200, await this.feed.state(readerOf(request).first)));
        case 'events':
          refuseForeignReader(request);
          return this.sendEvents(request, response);
      }
    });
  }

  /**
   * Answers a POST request.
   *
   * @param body the body, where a framework has read it already
   */
  post(action: InspectorAction, request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void> {
    return this.answer(request, response, async () => {
      refuseForeignWriter(request);
      const { allowCalls, maxBodyBytes } = this.limits;
      refuseLargeBody(request, maxBodyBytes);
      if (!allowCalls) throw new RequestRefusal(403, 'the inspector only shows: its option allowCalls lets it call objects');
      const given = body ?? (await readJson(request));
      this.refuseClosed();
      if (isClosed(response)) return;
      const gone = new AbortController();
      response.once('close', () => {
        // a stream keeps the signal of its call, so the signal must not abort after the answer was made
        if (!response.writableEnded) gone.abort();
      });
      const send = (answer: CallAnswer | StreamAnswer): Promise<void> => this.sendJson(response, 200, answer);
      if (action === 'call') await this.calls.call(callRequestOf(given), gone.signal, send);
      else await this.calls.items(streamRequestOf(given), gone.signal, send);
    });
  }

  /** Ends event streams of pages, item streams and connections. Later requests are refused. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.feed.close();
    this.answers.close();
    await this.calls.close();
  }

  private refuseClosed(): void {
    if (this.isClosed) throw new RequestRefusal(503, 'the application shuts down');
  }

  private sendEvents(request: IncomingMessage, response: ServerResponse): Promise<void> | void {
    const reader = readerOf(request);
    if (this.feed.isFull(reader.page))
      throw new RequestRefusal(
        503,
        `${this.limits.maxReaders} pages watch already (maxReaders): close one of them, or raise the option`,
      );
    // no-transform: a compressing middleware would keep the events back
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
    });
    // HEAD gets only these headers
    if (request.method === 'HEAD') return this.answers.end(response);
    this.feed.add(response, reader);
  }

  private async answer(request: IncomingMessage, response: ServerResponse, work: () => Promise<void> | void): Promise<void> {
    try {
      setSecurityHeaders(response);
      this.refuseClosed();
      this.mayRead(request);
      refusePipelined(response);
      await work();
    } catch (error) {
      if (response.headersSent) response.destroy();
      else await this.sendJson(response, error instanceof RequestRefusal ? error.status : 500, { error: asError(error).message });
    }
  }

  private sendJson(response: ServerResponse, status: number, value: unknown): Promise<void> {
    if (isClosed(response)) return Promise.resolve();
    response.statusCode = status;
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store');
    return this.answers.end(response, JSON.stringify(value));
  }
}

/** The page that asks, and the objects that it looks for. A page without an id is a page of its own. */
function readerOf(request: IncomingMessage): FeedReader {
  const query = queryOf(request);
  const [page, filter = '', objectId = ''] = ['page', 'filter', 'object'].map((name) =>
    query.get(name)?.slice(0, MAX_QUERY_CHARS),
  );
  return { page: page ?? randomUUID(), first: { filter, objectId } };
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url.split('#', 1)[0]!.split('?').slice(1).join('?'));
}
