import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MESSAGE_TYPES } from '../../../lib/core.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { fuzzMachine } from '../hostile/fuzz-machine.js';
import { fuzzServer } from '../hostile/fuzz-server.js';
import { type FuzzedServer, OBJECT, type ServerKind, startFuzzed } from '../hostile/fuzzed-server.js';

const GROUPS = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 150) / 2);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1e9);

describe.each<ServerKind>(['core', 'nest'])('%s', (kind) => {
  let server: FuzzedServer;
  beforeAll(async () => (server = await startFuzzed(kind)));
  afterAll(() => server.close());

  it('a daemon answers hostile peers rightly, keeps nothing of them, and other clients do not notice them', async () => {
    const { answers, witnessCalls, state } = await fuzzServer(server, { seed: SEED, groups: GROUPS });
    expect(answers).toBeGreaterThan(0);
    expect(witnessCalls).toBeGreaterThan(0);
    expect(state.problems).toEqual([]);
  }, 3_600_000);

  it('a daemon answers each message of several clients as a model of the protocol foretells, wherever they leave', async () => {
    const result = await fuzzMachine(server, { seed: SEED, frames: 100 * GROUPS });
    expect(result.answers).toBeGreaterThan(0);
    expect(result.aborted).toBeGreaterThan(0);
    expect(result.state.problems).toEqual([]);
  }, 3_600_000);

  it('a daemon answers an unexpected message type by closing only that connection', async () => {
    for (const type of [0, 1, 2, 3, 5, 7, 255]) {
      const peer = await ScriptedPeer.join(server.location, OBJECT);
      peer.send({ type });
      await peer.untilClosed();
    }
    const witness = await ScriptedPeer.join(server.location, OBJECT);
    witness.send({ type: MESSAGE_TYPES.ping });
    expect((await witness.next()).data.toString()).toBe('pong');
    witness.destroy();
  });
});
