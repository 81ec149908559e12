import { FairQueue } from '../../calls/fair-queue.js';
import type { Call } from '../../daemon/call/call.js';
import { clientGone } from '../../daemon/connection/session-connection.js';
import { clientName, clientOf, type NameLimits, tooMany } from './name-rules.js';

/**
 * Lets one large list be made at a time. The others wait.
 *
 * The remote addresses whose calls wait are served in turn, and connections without limits per address like addresses: a client with many
 * calls does not make the calls of others wait for all of its own.
 */
export class ListTurns {
  private isBusy = false;
  /** Begins the calls that wait, by address or connection. */
  private readonly waiting = new FairQueue<unknown, () => void>();

  constructor(private readonly limits: Pick<NameLimits, 'maxWaitingLists' | 'maxListWaitMs'>) {}

  /**
   * Does work when no other work is done. The next work begins in a later turn of the event loop, when the result was written.
   *
   * @param call undefined: the work waits however many others wait, and however long
   * @throws {NamingError} over `maxWaitingLists` or `maxListWaitMs`
   */
  async take<Result>(call: Call | undefined, work: () => Result | Promise<Result>): Promise<Result> {
    if (this.isBusy) await this.wait(call);
    this.isBusy = true;
    try {
      return await work();
    } finally {
      setImmediate(() => this.beginNext());
    }
  }

  private async wait(call: Call | undefined): Promise<void> {
    const who = call && clientOf(call);
    if (call !== undefined) this.check(call, this.waiting.sizeOf(who));
    let leave: (error: Error) => void = () => undefined;
    const begun = new Promise<void>((resolve, reject) => {
      this.waiting.add(who, resolve);
      leave = (error) => {
        if (this.waiting.delete(who, resolve)) reject(error);
      };
    });
    if (call === undefined) return begun;
    const { maxListWaitMs } = this.limits;
    const isLate = (): void => {
      const what = 'ms waited for other large lists: try again later, or list fewer names by a prefix';
      leave(tooMany(what, maxListWaitMs, 'maxListWaitMs', maxListWaitMs));
    };
    const timer = setTimeout(isLate, maxListWaitMs).unref();
    const { signal } = call;
    const isGone = (): void => leave(clientGone());
    signal.addEventListener('abort', isGone);
    if (signal.aborted) isGone();
    try {
      await begun;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', isGone);
    }
  }

  /** @throws {NamingError} when too many calls wait. One address, or one connection, may have half of them. */
  private check({ connection }: Call, waitingOfClient: number): void {
    const { maxWaitingLists } = this.limits;
    const remedy = 'try again later, or list fewer names by a prefix';
    if (this.waiting.size >= maxWaitingLists)
      throw tooMany(`calls wait for their large lists: ${remedy}`, this.waiting.size, 'maxWaitingLists', maxWaitingLists);
    if (waitingOfClient < maxWaitingLists / 2) return;
    const what = `calls of ${clientName(connection)} wait for their large lists, half of the limit: ${remedy}`;
    throw tooMany(what, waitingOfClient, 'maxWaitingLists', maxWaitingLists);
  }

  private beginNext(): void {
    const begin = this.waiting.take();
    if (begin === undefined) this.isBusy = false;
    else begin();
  }
}
