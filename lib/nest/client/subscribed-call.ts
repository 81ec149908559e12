import type { WritePacket } from '@nestjs/microservices';
import { RemoteStream } from '../../client/call/remote-stream.js';
import { warnIfItFails } from '../../reports/warning.js';

/** Longest time that a cancelled stream waits for the item that it has asked for. */
const LAST_ITEM_MS = 1_000;

/** A call for one subscriber: passes on its result, or the items of a stream, until the end or until {@link cancel}. */
export class SubscribedCall {
  private readonly controller = new AbortController();
  private stream: RemoteStream | undefined;
  private isOver = false;
  private abortTimer: NodeJS.Timeout | undefined;

  /**
   * @param start makes the call; the signal aborts the call
   * @param tell gets results, items, the end and errors, as packets for Nest's observer
   */
  constructor(
    start: (signal: AbortSignal) => Promise<unknown>,
    private readonly tell: (packet: WritePacket) => void,
  ) {
    void this.run(start);
  }

  /**
   * The subscriber has unsubscribed: aborts the call. A stream first waits a moment for the requested item. Then the remote iterator is
   * closed over the connection of the stream, and the connection stays open.
   */
  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    const abort = (): void => this.controller.abort(new Error('the Observable of the call was unsubscribed from'));
    if (this.stream === undefined) return abort();
    this.abortTimer = setTimeout(abort, LAST_ITEM_MS);
  }

  private async run(start: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    try {
      const result = await start(this.controller.signal);
      if (result instanceof RemoteStream) await this.pass((this.stream = result));
      else this.end({ response: result });
    } catch (error) {
      this.end({ err: error });
    } finally {
      clearTimeout(this.abortTimer);
    }
  }

  private async pass(stream: RemoteStream): Promise<void> {
    // the subscriber may unsubscribe while it gets an item
    if (this.isOver) return void (await stream.return());
    for await (const response of stream) {
      if (!this.isOver) this.tell({ response });
      if (this.isOver) return;
    }
    this.end({});
  }

  private end(packet: WritePacket): void {
    if (this.isOver) return;
    this.isOver = true;
    // the end runs the teardown of the subscriber, and nobody waits for this call
    warnIfItFails(() => this.tell({ ...packet, isDisposed: true }));
  }
}
