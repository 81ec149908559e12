import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expose, FLAGS, oneway, PyroDaemon, SERIALIZER_IDS } from '../../../lib/core.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';
import { invocation } from '../hostile/exchanges.js';
import { OBJECT } from '../hostile/fuzzed-server.js';
import { Random } from '../hostile/random.js';

const ROUNDS = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 150) / 10);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1e9);
const CLIENTS = 4;
const MOST_REQUESTS = 20;
const LONGEST_CALL_MS = 15;
/** Around the size from which a message needs room under `maxUnservedBytes`, and above it. */
const SIZES = [0, 10, 1_000, 60_000, 66_000, 100_000, 300_000];
const MSGPACK = createSerializers().get(SERIALIZER_IDS.msgpack)!;

class Sizes {
  size(value: Buffer): number {
    return value.length;
  }
  async later(value: Buffer, ms: number): Promise<number> {
    await delay(ms);
    return value.length;
  }
  async note(_value: Buffer, ms: number): Promise<void> {
    await delay(ms);
  }
}
expose(Sizes);
oneway(Sizes, 'note');

/** Sends requests without waiting for their answers, in pieces of any size, and checks the answers. */
async function play(location: string, random: Random): Promise<void> {
  const peer = await ScriptedPeer.join(location, OBJECT);
  const requests = Array.from({ length: 1 + random.below(MOST_REQUESTS) }, (_, seq) => {
    const method = random.pick(['size', 'size', 'later', 'note']);
    const size = random.pick(SIZES);
    const args = [Buffer.alloc(size), random.below(LONGEST_CALL_MS)].slice(0, method === 'size' ? 1 : 2);
    const flags = method === 'note' ? FLAGS.oneway : 0;
    return { method, size, bytes: invocation({ format: MSGPACK, method, args, flags })(seq) };
  });
  const wire = Buffer.concat(requests.map(({ bytes }) => bytes));
  const longest = random.pick([1_000, 70_000, wire.length]);
  for (let at = 0; at < wire.length;) {
    const end = at + 1 + random.below(longest);
    peer.write(wire.subarray(at, end));
    at = end;
    if (random.chance(0.2)) await delay(random.below(5));
  }
  const asked = requests.filter(({ method }) => method !== 'note').map(({ size }) => size);
  const answers: unknown[] = [];
  while (answers.length < asked.length) answers.push(MSGPACK.loads((await peer.next()).data));
  expect(answers).toEqual(asked);
  peer.destroy();
}

it('a daemon answers all requests of clients that do not wait, of any size and in any pieces', async () => {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', maxQueuedRequests: 8, maxUnservedBytes: 800_000 });
  try {
    daemon.register(new Sizes(), OBJECT);
    for (let round = 0; round < ROUNDS; round++) {
      const clients = Array.from({ length: CLIENTS }, (_, client) =>
        play(daemon.locationStr, new Random((SEED + round) * CLIENTS + client)),
      );
      await Promise.all(clients).catch((error: unknown) => {
        throw new Error(`round of seed ${SEED + round}: FUZZ_SEED=${SEED + round} repeats it`, { cause: error });
      });
    }
    const used = (): number => daemon.inspect().limits.find(({ name }) => name === 'maxUnservedBytes')!.used!;
    await expect.poll(used).toBe(0);
  } finally {
    await daemon.close();
  }
}, 3_600_000);
