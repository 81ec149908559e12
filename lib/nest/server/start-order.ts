import { DaemonError } from '../../protocol/errors.js';

/** A start, and all requests for a start that joined it. */
interface Start {
  done: Promise<void>;
}

/**
 * The starts and ends of a server. Each waits for the one before. A start joins the start before it, an end the end before it, when nothing
 * else was asked for in between. An end gives up the start before it.
 */
export class StartOrder {
  /** The start that was asked for last. Undefined when it failed, and when an end was asked for since. */
  private starting: Start | undefined;
  /** The end that was asked for last, until it is done. */
  private ending: Promise<void> | undefined;

  /**
   * @param begin gets a function that throws when an end was asked for since. `begin` undoes its own work when it fails
   * @throws {DaemonError} when an end was asked for before the start was done
   */
  start(begin: (checkWanted: () => void) => Promise<void>): Promise<void> {
    if (this.starting !== undefined) return this.starting.done;
    const start: Start = { done: Promise.resolve() };
    this.starting = start;
    start.done = this.run(start, this.ending, begin);
    return start.done;
  }

  /** @param end called when the start before it is done, or has failed */
  end(end: () => Promise<void>): Promise<void> {
    const { starting, ending: previous } = this;
    if (previous !== undefined && starting === undefined) return previous;
    this.starting = undefined;
    const ending = (async () => {
      await starting?.done.catch(() => undefined);
      await end();
    })().finally(() => {
      if (this.ending === ending) this.ending = undefined;
    });
    this.ending = ending;
    return ending;
  }

  private async run(
    start: Start,
    previous: Promise<void> | undefined,
    begin: (checkWanted: () => void) => Promise<void>,
  ): Promise<void> {
    const checkWanted = (): void => {
      if (this.starting !== start) throw new DaemonError('the server was closed while it started');
    };
    try {
      await previous?.catch(() => undefined);
      checkWanted();
      await begin(checkWanted);
      checkWanted();
    } catch (error) {
      if (this.starting === start) this.starting = undefined;
      throw error;
    }
  }
}
