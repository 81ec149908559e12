import {
  expose,
  type PyroDaemon,
  PyroError,
  PyroProxy,
  PyroRemoteError,
  PythonException,
  type RemoteObject,
} from 'nestjs-pyro/core';

interface Account {
  next(): Promise<number>;
  hold(values: unknown[]): Promise<number>;
  items(to: number): Promise<AsyncIterable<number>>;
  tell(listener: Listener, value: number): Promise<number>;
}

class Listener {
  hear(value: number): number {
    return value;
  }
}
expose(Listener);

/** Numbers of calls by their end. A call that has not ended is lost. */
export interface CallCounts {
  made: number;
  answered: number;
  /** Ended with an error of Pyro. */
  refused: number;
  wrong: string[];
}

const ITEMS = 5;
/** A value that takes some MiB at the server. */
const LARGE = Array.from({ length: 200_000 }, () => ({}));

/** A connection of a soak run: it opens a session, and may call. */
export class SoakClient {
  private readonly proxy: RemoteObject<Account>;
  private calls = 0;

  /** @param daemon serves the listener of the client, which the server calls back */
  constructor(
    location: string,
    private readonly counts: CallCounts,
    daemon: PyroDaemon,
  ) {
    this.proxy = PyroProxy.to<Account>(`PYRO:account@${location}`, {
      autoproxy: daemon,
      maxRetries: 0,
      connectTimeoutMs: 60_000,
      callTimeoutMs: 0,
    });
  }

  /** Makes a call. The first call connects. The answer shows whether the session belongs to this connection alone. */
  async next(): Promise<void> {
    this.calls++;
    await this.count(this.proxy.next(), this.calls);
  }

  /** Sends a value that takes much memory at the server: it may refuse it. */
  async holdLarge(): Promise<void> {
    await this.count(this.proxy.hold(LARGE), LARGE.length);
  }

  async stream(): Promise<void> {
    await this.count(this.readItems(), (ITEMS * (ITEMS - 1)) / 2);
  }

  async callBack(): Promise<void> {
    await this.count(this.proxy.tell(new Listener(), this.calls), this.calls);
  }

  close(): Promise<void> {
    return this.proxy.$release();
  }

  private async readItems(): Promise<number> {
    let sum = 0;
    for await (const item of await this.proxy.items(ITEMS)) sum += item;
    return sum;
  }

  private async count(call: Promise<unknown>, expected: unknown): Promise<void> {
    this.counts.made++;
    try {
      const answer = await call;
      if (answer === expected) this.counts.answered++;
      else this.counts.wrong.push(`${String(answer)} instead of ${String(expected)}`);
    } catch (error) {
      const isOurs = error instanceof PyroError || error instanceof PythonException || error instanceof PyroRemoteError;
      if (isOurs) this.counts.refused++;
      else this.counts.wrong.push(String(error));
    }
  }
}
