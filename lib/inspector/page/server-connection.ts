import type { CallAnswer, CallRequest, InspectorState, StreamAnswer, StreamRequest } from '../contract.js';

/** The state of the feed of snapshots. */
export type FeedState = 'connecting' | 'live' | 'broken';

/** The requests of the page to its server. */
export class ServerConnection {
  /** Identifies this page. */
  private readonly session = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join('-');

  /** @param base where the routes of the inspector are, relative to the page */
  constructor(private readonly base: string) {}

  /** Reads the snapshots. @returns a function that ends this */
  watch(onState: (state: InspectorState) => void, onFeed: (feed: FeedState) => void): () => void {
    const source = new EventSource(`${this.base}events`);
    source.addEventListener('message', ({ data }: MessageEvent<string>) => {
      onFeed('live');
      onState(JSON.parse(data) as InspectorState);
    });
    source.addEventListener('error', () => onFeed(source.readyState === EventSource.CLOSED ? 'broken' : 'connecting'));
    return () => source.close();
  }

  call(request: Omit<CallRequest, 'session'>): Promise<CallAnswer> {
    return this.post('call', { ...request, session: this.session });
  }

  items(request: StreamRequest): Promise<StreamAnswer> {
    return this.post('stream', request);
  }

  private async post<T>(action: string, body: object): Promise<T> {
    const response = await fetch(`${this.base}${action}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json().catch(() => ({}))) as T & { error?: string; message?: string };
    if (response.ok) return answer;
    // the refusal of a guard of the application has Nest's form
    throw new Error(answer.message ?? answer.error ?? `the server answered ${response.status}`);
  }
}
