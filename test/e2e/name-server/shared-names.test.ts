import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NameServerProgram, type NameServerProcess } from '../../name-server-process.js';
import { RedisRelay } from '../../redis-relay.js';
import { findRedis, type RedisPrograms, RedisServer } from '../../redis-server.js';
import { NameHistory, RecordingClient } from './name-history.js';

const SERVERS = 3;
const CLIENTS = 32;
/** Number of rounds. In each round all name servers are killed one after the other, and Redis. Each round has new names. */
const ROUNDS = Number(process.env.LONG_ROUNDS ?? 1);
/** Names of a round that all clients use. */
const NAMES = 12;
/** Answers that clients get between two crashes. */
const ANSWERS = 400;

const redis = await findRedis();
if (redis) defineTests(redis);

function defineTests(programs: RedisPrograms): void {
  describe(`${SERVERS} name servers on one Redis, and ${CLIENTS} clients`, () => {
    let program: NameServerProgram;
    let server: RedisServer;
    let relay: RedisRelay;
    const nameServers: NameServerProcess[] = [];

    beforeAll(async () => {
      [program, server] = await Promise.all([NameServerProgram.build(), RedisServer.start(programs)]);
      relay = await RedisRelay.start(server.port, () => 20 * Math.random() ** 2);
      nameServers.push(...(await Promise.all(Array.from({ length: SERVERS }, () => start(0)))));
    });
    afterAll(async () => {
      for (const nameServer of nameServers) await nameServer.kill();
      await relay.close();
      await server.stop();
      await program.remove();
    });

    // only lookups in the last known state may be out of date
    const start = (port: number): Promise<NameServerProcess> =>
      program.start({ port, storage: `${relay.url}?lastKnownMs=0&timeoutMs=5000` });

    it(`no acknowledged registration is lost, and no name has two owners, while name servers and Redis are killed (${ROUNDS} rounds)`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const history = new NameHistory();
        const kept = new Map<string, string>();
        const over = new AbortController();
        const clients = Array.from({ length: CLIENTS }, async (_, number) => {
          const client = new RecordingClient(history, () => nameServers.map(({ uri }) => uri), `owner${number}`);
          for (let turn = 0; !over.signal.aborted; turn++) {
            await act(client, kept, `${round}`, number, turn).catch(pauseOf);
          }
          await client.close();
        });
        for (let crash = 0; crash <= SERVERS; crash++) {
          const before = history.count;
          await expect.poll(() => history.count - before, { timeout: 60_000 }).toBeGreaterThan(ANSWERS);
          if (crash === SERVERS) {
            await server.kill();
            await server.launch();
          } else {
            await nameServers[crash]!.kill();
            nameServers[crash] = await start(nameServers[crash]!.port);
          }
        }
        const before = history.count;
        await expect.poll(() => history.count - before, { timeout: 60_000 }).toBeGreaterThan(ANSWERS);
        over.abort();
        await Promise.all(clients);
        for (const { uri } of nameServers) {
          const client = new RecordingClient(history, () => [uri], 'reader');
          for (let index = 0; index < NAMES; index++) await client.lookup(sharedName(`${round}`, index));
          const lost = [];
          for (const [name, registered] of kept) if ((await client.lookup(name)) !== registered) lost.push(name);
          expect(lost).toEqual([]);
          await client.close();
        }
        expect(kept.size).toBeGreaterThan(0);
        expect(history.wrongNames()).toEqual([]);
      }
    }, 3_600_000);
  });
}

const sharedName = (round: string, index: number): string => `${round}.${index % 2 === 0 ? 'plain' : 'leased'}.${index}`;

/** An action of a client. */
async function act(
  client: RecordingClient,
  kept: Map<string, string>,
  round: string,
  number: number,
  turn: number,
): Promise<void> {
  const index = Math.floor(Math.random() * NAMES);
  const name = sharedName(round, index);
  // each client has one URI for names with a lease, and a new URI for each other registration
  const uri = `PYRO:c${number}@h:${index % 2 === 0 ? 1_000 + (turn % 60_000) : 1}`;
  const kind = Math.random();
  if (kind < 0.05) {
    const own = `${round}.kept.${number}.${turn}`;
    if ((await client.register(own, uri)) === 'done') kept.set(own, uri);
  } else if (kind < 0.4) await client.lookup(name);
  else if (kind < 0.7) await (index % 2 === 0 ? client.register(name, uri) : client.hold(name, uri));
  else await (index % 2 === 0 ? client.remove(name) : client.release(name, uri));
}

/** A client that is refused, or has lost its name server, tries again soon. */
const pauseOf = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
