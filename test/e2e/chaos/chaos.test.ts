import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Program } from '../../../scripts/program.js';
import { ensurePythonEnv } from '../../interop/python-env.js';
import { TypeScriptPrograms } from '../nest/programs/typescript-program.js';
import type { CallRecord } from './ledger-history.js';
import { OurClient } from './our-client.js';
import { PythonClient } from './python-client.js';
import { ANSWERS, type Launch, Stage } from './stage.js';

/** Faults in one test. */
const FAULTS = Number(process.env['CHAOS_FAULTS'] ?? 12);
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

const nestLedger: Launch = async (journal) => programs.start('ledger-app', [journal], ENDLESS);
const pythonLedger: Launch = async (journal) => new Program(await ensurePythonEnv(), [PYTHON_LEDGER, journal], ENDLESS);

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
    cleanups.push(() => stage.close());
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
    expect(await stage.wrong()).toEqual([]);
    expect(stage.history.answered).toBeGreaterThanOrEqual(FAULTS * ANSWERS);
  }, 3_600_000);

  it.each(['a Nest application', 'a server of Pyro5'])(
    'each call of our client to %s is answered once, or fails and was carried out at most once, and none that was not sent',
    async (kind) => {
      const stage = await Stage.set(kind === 'a Nest application' ? nestLedger : pythonLedger, isErrorOfOurs);
      cleanups.push(() => stage.close());
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
      expect(await stage.wrong()).toEqual([]);
      expect(stage.history.answered).toBeGreaterThanOrEqual(FAULTS * ANSWERS);
    },
    3_600_000,
  );
});
