import type { WritePacket } from '@nestjs/microservices';
import { RemoteStream } from '../../client/call/remote-stream.js';

/** How long an item that is on its way when nobody wants it any more is waited for. */
const LAST_ITEM_MS = 1_000;

/** One subscription to a call: a result, or the items of a stream, until all is told or nobody listens any more. */
export class ObservedCall {
  private readonly controller = new AbortController();
  private stream: RemoteStream | undefined;
  private isOver = false;
  private impatience: NodeJS.Timeout | undefined;

  /**
   * @param start makes the call; the signal ends it
   * @param tell what Nest's observer is told: a result, an item, the end, an error
   */
  constructor(
    start: (signal: AbortSignal) => Promise<unknown>,
    private readonly tell: (packet: WritePacket) => void,
  ) {
    void this.run(start);
  }

  /**
   * Nobody listens any more. A call is aborted; of a stream the item that is on its way is waited for a moment, so that the remote
   * iterator is closed over its own connection, which lives on.
   */
  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    const abort = (): void => this.controller.abort(new Error('the Observable of the call was unsubscribed from'));
    if (this.stream === undefined) return abort();
    this.impatience = setTimeout(abort, LAST_ITEM_MS);
  }

  private async run(start: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    try {
      const result = await start(this.controller.signal);
      if (result instanceof RemoteStream) await this.pass((this.stream = result));
      else this.end({ response: result });
    } catch (error) {
      this.end({ err: error });
    } finally {
      clearTimeout(this.impatience);
    }
  }

  private async pass(stream: RemoteStream): Promise<void> {
    // items follow each other at once: whoever wants fewer unsubscribes while it is told one
    for (;;) {
      if (this.isOver) break;
      const { done, value } = await stream.next();
      if (done) return this.end({});
      if (!this.isOver) this.tell({ response: value });
    }
    await stream.return();
  }

  private end(packet: WritePacket): void {
    if (this.isOver) return;
    this.isOver = true;
    this.tell({ ...packet, isDisposed: true });
  }
}
