import type { Turn } from '../contest.js';
import { measureCallers } from './callers.js';
import { LoadConnection } from './load-connection.js';
import { type Figures, Meter } from './meter.js';
import type { Wire } from './wire.js';

/** The work of a server, and the number of connections. */
export interface Load {
  location: string;
  /** Process of the server. */
  pid: number;
  wire: Wire;
  connections: number;
  /** Another load at the same time. Its calls are not counted. */
  background?: Load;
}

/** Connections that are opened at the same time: Pyro5's backlog is 100. */
const OPENED_TOGETHER = 16;

interface Caller {
  connection: LoadConnection;
  request: Buffer;
}

/**
 * Connections that make one call after another, as Python proxies do. A connection calls again as soon as its reply has arrived. The first
 * reply is read and checked; all other replies must have the same bytes.
 *
 * Answering the replies of one turn of the event loop together took no less CPU, and made generator and server wait for each other
 * (docs/adr/0018-load-generator.md).
 */
export class LoadGenerator {
  private readonly callers: Caller[] = [];
  private waiting = 0;
  private goesOn = true;
  private readonly finished: Promise<void>;
  private finish!: () => void;
  private fail!: (error: Error) => void;

  private constructor(
    private readonly load: Load,
    private readonly meter: Meter,
  ) {
    this.finished = new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
    // pause() and end() tell the error
    this.finished.catch(() => undefined);
  }

  /**
   * Calls, or items of streams, a second.
   *
   * @throws {Error} when a server refuses a connection, or a reply is wrong
   */
  static async measure(load: Load, { warmUpMs, ms }: Turn): Promise<Figures> {
    const others = load.background && (await LoadGenerator.open(load.background));
    const generator = await LoadGenerator.open(load);
    try {
      others?.start();
      generator.start();
      await generator.pause(warmUpMs);
      generator.meter.start();
      do await generator.pause(ms);
      while (generator.meter.isEmpty);
      const figures = generator.meter.stop();
      await Promise.all([generator.end(), others?.end()]);
      return figures;
    } finally {
      generator.close();
      others?.close();
    }
  }

  private static async open(load: Load): Promise<LoadGenerator> {
    const generator = new LoadGenerator(load, new Meter(load.pid));
    const expected = await firstReply(load);
    try {
      for (let opened = 0; opened < load.connections; opened += OPENED_TOGETHER) {
        const count = Math.min(OPENED_TOGETHER, load.connections - opened);
        await Promise.all(Array.from({ length: count }, () => generator.openConnection(expected)));
      }
      return generator;
    } catch (error) {
      generator.close();
      throw error;
    }
  }

  private async openConnection(expected: Buffer): Promise<void> {
    const connection = new LoadConnection(this.load.location, this.load.wire);
    const caller = { connection, request: await connection.greet() };
    this.callers.push(caller);
    connection.expect(expected, () => this.onReply(caller), this.fail);
  }

  private start(): void {
    this.waiting = this.callers.length;
    for (const { connection, request } of this.callers) connection.send(request);
  }

  private pause(ms: number): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => setTimeout(resolve, ms)), this.finished]);
  }

  /** Waits for the replies that are due. */
  private end(): Promise<void> {
    this.goesOn = false;
    return this.finished;
  }

  private close(): void {
    for (const { connection } of this.callers) connection.close();
  }

  private onReply(caller: Caller): void {
    this.meter.add(this.load.wire.callsPerRequest, performance.now() - caller.connection.sentAt);
    if (this.goesOn) caller.connection.send(caller.request);
    else if (--this.waiting === 0) this.finish();
  }
}

async function firstReply({ location, wire }: Load): Promise<Buffer> {
  const connection = new LoadConnection(location, wire);
  try {
    const reply = await connection.exchange(await connection.greet());
    wire.checkReply(reply);
    return reply;
  } finally {
    connection.close();
  }
}

/** Connections a second: connect, greet, one call, close. As many at a time as the load has connections. */
export function measureVisits(load: Load, turn: Turn): Promise<Figures> {
  const visit = { calls: 1, call: () => firstReply(load) };
  return measureCallers(
    load.pid,
    Array.from({ length: load.connections }, () => visit),
    turn,
  );
}
