import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

/** A client that has not taken its answer after this time is disconnected. */
const ANSWER_MS = 60_000;
/** The same for a client that need not get more. */
const LEAVE_MS = 2_000;

/** The responses that were ended, until their clients have taken them: a client that reads nothing holds memory of this process. */
export class OpenResponses {
  private readonly ended = new Map<ServerResponse, NodeJS.Timeout>();

  /** Number of responses that were ended and are not taken. */
  get size(): number {
    return this.ended.size;
  }

  /** Sends the last part of a response. @returns a promise that resolves when the client has taken it, has gone or was disconnected */
  end(response: ServerResponse, lastPart: string | Buffer = '', withinMs = ANSWER_MS): Promise<void> {
    if (isClosed(response)) return Promise.resolve();
    return new Promise((resolve) => {
      const taken = (): void => {
        clearTimeout(this.ended.get(response));
        this.ended.delete(response);
        resolve();
      };
      response.once('finish', taken);
      response.once('close', taken);
      this.ended.set(
        response,
        setTimeout(() => this.disconnect(response), withinMs),
      );
      response.end(lastPart);
    });
  }

  /** Ends a response whose client need not get more. A client with unread data is disconnected at once. */
  leave(response: ServerResponse): void {
    if (isBehind(response)) response.destroy();
    else void this.end(response, '', LEAVE_MS);
  }

  /** Disconnects the clients that have not taken their answers. */
  close(): void {
    for (const response of this.ended.keys()) this.disconnect(response);
  }

  private disconnect(response: ServerResponse): void {
    clearTimeout(this.ended.get(response));
    this.ended.delete(response);
    response.destroy();
  }
}

/** True when a client has so much unread data that it gets no more now. */
export function isBehind({ writableLength, writableHighWaterMark }: ServerResponse): boolean {
  return writableLength >= writableHighWaterMark;
}

/** True when the client of a response has gone, or has taken the response. Responses of HTTP/2 tell it by their stream only. */
export function isClosed(response: ServerResponse): boolean {
  const { stream } = response as Partial<Pick<Http2ServerResponse, 'stream'>>;
  return stream === undefined ? response.destroyed || response.closed : stream.destroyed;
}
