import type { ListedFirst } from '../../daemon/contract/snapshot.js';
import type { CallAnswer, PageCall, InspectorState, StreamAnswer, StreamRequest } from '../contract/contract.js';

/** The state of the feed of snapshots. */
export type FeedState = 'connecting' | 'live' | 'broken';

/** The requests of the page to its server. */
export class ServerConnection {
  /** Identifies this page. */
  private readonly session = randomId();
  /** Identifies this page as a reader of snapshots. It stands in a URL, so it is another one. */
  private readonly reader = randomId();

  /** The streams that this page has opened and not closed. */
  private readonly streams = new Set<string>();

  /** @param base the URL below which the routes of the inspector are */
  constructor(private readonly base: string) {}

  /** Reads the snapshots, which list the objects of `first` before others. @returns a function that ends this */
  watch(
    { filter, objectId }: Required<ListedFirst>,
    onState: (state: InspectorState) => void,
    onFeed: (feed: FeedState) => void,
  ): () => void {
    const query = new URLSearchParams({ page: this.reader, filter, object: objectId });
    const source = new EventSource(`${this.base}events?${query.toString()}`);
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      onFeed('live');
      onState(JSON.parse(data) as InspectorState);
    });
    source.addEventListener('error', () => onFeed(source.readyState === EventSource.CLOSED ? 'broken' : 'connecting'));
    return () => source.close();
  }

  async call(request: Omit<PageCall, 'session'>): Promise<CallAnswer> {
    const answer = await this.post<CallAnswer>('call', { ...request, session: this.session });
    if (answer.kind === 'stream') this.streams.add(answer.streamId);
    return answer;
  }

  async items(request: StreamRequest): Promise<StreamAnswer> {
    const answer = await this.post<StreamAnswer>('stream', request);
    if (answer.isEnded) this.streams.delete(request.streamId);
    return answer;
  }

  /** Closes a stream. The browser sends the request even if the page is left at once. */
  closeStream(streamId: string): void {
    this.streams.delete(streamId);
    void this.post('stream', { streamId, count: 0 }, true).catch(() => undefined);
  }

  /** Closes all streams: the page is left. */
  closeStreams(): void {
    for (const streamId of this.streams) this.closeStream(streamId);
  }

  /** @throws {RequestFailure} */
  private async post<T>(action: string, body: object, keepalive = false): Promise<T> {
    const response = await fetch(`${this.base}${action}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      keepalive,
    });
    const answer = (await response.json().catch(() => ({}))) as T & { error?: string; message?: string };
    if (response.ok) return answer;
    // the refusal of a guard of the application has Nest's form
    throw new RequestFailure(response.status, answer.message ?? answer.error ?? `the server answered ${response.status}`);
  }
}

/** The server has refused a request. */
export class RequestFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join('-');
}
