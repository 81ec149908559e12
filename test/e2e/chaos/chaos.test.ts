import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../../../scripts/program.js';
import { ensurePythonEnv } from '../../interop/python-env.js';
import { Relay } from '../../relay.js';
import { TypeScriptPrograms } from '../nest/programs/typescript-program.js';
import { type CallRecord, LedgerHistory } from './ledger-history.js';
import { OurClient } from './our-client.js';
import { PythonClient } from './python-client.js';

/** Faults in one test. */
const FAULTS = Number(process.env['CHAOS_FAULTS'] ?? 12);
/** Answers that clients get between two faults. */
const ANSWERS = 60;
/** Clients that get no answers for so long hang. Long enough for the busiest machine. */
const HANG_MS = 120_000;
const ENDLESS = { interactive: true, timeoutMs: 2 ** 31 - 1 };
const PYTHON_LEDGER = fileURLToPath(new URL('ledger.py', import.meta.url));

let programs: TypeScriptPrograms;
beforeAll(async () => {
  programs = await TypeScriptPrograms.compile();
}, 240_000);
afterAll(() => programs[Symbol.asyncDispose]());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Launch = (journal: string) => Promise<Program>;
const nestLedger: Launch = async (journal) => programs.start('ledger-app', [journal], ENDLESS);
const pythonLedger: Launch = async (journal) => new Program(await ensurePythonEnv(), [PYTHON_LEDGER, journal], ENDLESS);

/** A ledger behind a relay, so that clients find it again after it was restarted. */
class Stage {
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
    cleanups.push(() => rm(directory, { recursive: true }));
    const journal = join(directory, 'journal');
    const server = await launch(journal);
    const relay = await Relay.start(await server.line('ready: '));
    cleanups.push(() => relay.close());
    const stage = new Stage(launch, journal, server, relay, isKnownError);
    cleanups.push(() => stage.killServer());
    return stage;
  }

  get uri(): string {
    return `PYRO:ledger@${this.relay.location}`;
  }

  killServer(): Promise<void> {
    return this.server.kill();
  }

  async restartServer(): Promise<void> {
    await this.killServer();
    this.server = await this.launch(this.journal);
    this.relay.target = await this.server.line('ready: ');
  }

  /** Stops the process of the server for a time: as when its event loop is blocked. */
  async blockServer(): Promise<void> {
    process.kill(this.server.pid, 'SIGSTOP');
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
    const before = this.history.answered;
    const answered = (): number => (collect(), this.history.answered - before);
    await expect.poll(answered, { timeout: HANG_MS, interval: 20 }).toBeGreaterThan(ANSWERS);
  }

  async check(): Promise<void> {
    // what was still running is carried out before the journal is read
    await this.killServer();
    expect(this.history.check(await readFile(this.journal, 'utf8'))).toEqual([]);
    expect(this.history.answered).toBeGreaterThan(FAULTS * ANSWERS);
  }
}

/** The faults of both directions, in turn. */
const faultsOf = (stage: Stage): (() => unknown)[] => [
  () => stage.relay.cut('reset'),
  () => stage.restartServer(),
  () => stage.relay.cutAfter(Math.ceil(Math.random() * 2_000)),
  () => stage.blockServer(),
  () => stage.relay.cut('end'),
  () => stage.fallSilent(),
];

/** Errors of Pyro5 for a connection that broke, and for a stream that the lost connection took along. */
const isErrorOfPython = (record: CallRecord): boolean =>
  /^Pyro5\.errors\.(ConnectionClosedError|CommunicationError|TimeoutError)$/.test(record.error!) || isLostStream(record);
const isErrorOfOurs = (record: CallRecord): boolean =>
  /^(CONNECTION_CLOSED|COMMUNICATION|TIMEOUT)$/.test(record.error!) || isLostStream(record);
const isLostStream = ({ kind, text = '' }: CallRecord): boolean => kind === 'items' && text.endsWith('item stream terminated');

describe('while connections are cut, a server is killed, restarted and blocked, and the network is silent', () => {
  it('each call of Python to a Nest application is answered once, or fails and was carried out at most once, also of killed clients', async () => {
    const stage = await Stage.set(nestLedger, isErrorOfPython);
    let number = 0;
    const start = (): Promise<PythonClient> => PythonClient.start(stage.uri, `python${number++}`, stage.history);
    const clients = [await start(), await start()];
    cleanups.push(() => Promise.all(clients.map((client) => client.kill())));
    const collect = (): void => clients.forEach((client) => client.collect());
    const restartClient = async (): Promise<void> => {
      await clients[0]!.kill();
      clients[0] = await start();
    };
    const faults = [...faultsOf(stage), restartClient];
    for (let fault = 0; fault < FAULTS; fault++) {
      await stage.untilAnswered(collect);
      await faults[fault % faults.length]!();
    }
    await stage.untilAnswered(collect);
    for (const client of clients) await client.kill();
    await stage.check();
  }, 3_600_000);

  it.each(['a Nest application', 'a server of Pyro5'])(
    'each call of our client to %s is answered once, or fails and was carried out at most once, and none that was not sent',
    async (kind) => {
      const stage = await Stage.set(kind === 'a Nest application' ? nestLedger : pythonLedger, isErrorOfOurs);
      const clients = [0, 1].map((number) => new OurClient(stage.uri, `ours${number}`, stage.history));
      const stop = (): Promise<unknown> => Promise.all(clients.map((client) => client.stop()));
      cleanups.push(stop);
      const faults = faultsOf(stage);
      for (let fault = 0; fault < FAULTS; fault++) {
        await stage.untilAnswered();
        await faults[fault % faults.length]!();
      }
      await stage.untilAnswered();
      await stop();
      await stage.check();
    },
    3_600_000,
  );
});
