import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../../../scripts/program.js';
import { Relay } from '../../relay.js';
import { stopProcess } from '../../stopped-process.js';
import { type CallRecord, LedgerHistory } from './ledger-history.js';

/** Answers that clients get between two faults. */
export const ANSWERS = 60;
/** Clients that get no answers for so long hang. Long enough for the busiest machine. */
const HANG_MS = 120_000;

/** Starts a ledger that writes this journal. */
export type Launch = (journal: string) => Promise<Program>;

/** A ledger behind a relay, so that clients find it again after it was restarted. */
export class Stage {
  readonly history: LedgerHistory;
  private constructor(
    private readonly launch: Launch,
    readonly journal: string,
    private server: Program,
    readonly relay: Relay,
    isKnownError: (record: CallRecord) => boolean,
  ) {
    this.history = new LedgerHistory(isKnownError);
  }

  static async set(launch: Launch, isKnownError: (record: CallRecord) => boolean): Promise<Stage> {
    const directory = await mkdtemp(join(tmpdir(), 'pyro-chaos-'));
    const journal = join(directory, 'journal');
    const server = await launch(journal);
    const relay = await Relay.start(await server.line('ready: '));
    return new Stage(launch, journal, server, relay, isKnownError);
  }

  get uri(): string {
    return `PYRO:ledger@${this.relay.location}`;
  }

  async restartServer(): Promise<void> {
    await this.server.kill();
    this.server = await this.launch(this.journal);
    this.relay.target = await this.server.line('ready: ');
  }

  /** Stops the process of the server for a time: as when its event loop is blocked. */
  async blockServer(): Promise<void> {
    await stopProcess(this.server.pid);
    await sleep(300);
    process.kill(this.server.pid, 'SIGCONT');
  }

  /** Passes nothing on for a time, and then ends the connections. */
  async fallSilent(): Promise<void> {
    this.relay.fallSilent();
    await sleep(300);
    this.relay.cut();
    this.relay.speak();
  }

  /** Waits until clients have got more answers. */
  async untilAnswered(collect: () => void = () => undefined): Promise<void> {
    const enough = this.history.answered + ANSWERS;
    const deadline = performance.now() + HANG_MS;
    for (collect(); this.history.answered < enough; collect()) {
      if (performance.now() > deadline) throw new Error(`clients got no ${ANSWERS} answers in ${HANG_MS} ms`);
      await sleep(20);
    }
  }

  /** Ends the server, and compares the history with its journal. @returns what is wrong */
  async wrong(): Promise<string[]> {
    // what was still running is carried out before the journal is read
    await this.server.kill();
    return this.history.check(await readFile(this.journal, 'utf8'));
  }

  async close(): Promise<void> {
    await this.server.kill();
    await this.relay.close();
    await rm(dirname(this.journal), { recursive: true });
  }
}
