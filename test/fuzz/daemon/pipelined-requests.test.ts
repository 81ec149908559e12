import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expose, FLAGS, oneway, PyroDaemon, SERIALIZER_IDS } from '../../../lib/core.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { pyTuple } from '../../../lib/serpent/index.js';
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
const BATCHES = [1, 10, 300];
const LEAVE_SHARE = 0.2;
/** Its parts cannot be compressed, so no limit of compression is reached. */
const BYTES = randomBytes(Math.max(...SIZES));
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

interface PipelinedRequest {
  bytes: Buffer;
  /** Undefined: a oneway call. */
  result: number | number[] | undefined;
}

function anyRequest(random: Random, seq: number): PipelinedRequest {
  const method = random.pick(['size', 'size', 'later', 'note', '<batch>']);
  const size = random.pick(SIZES);
  const value = BYTES.subarray(0, size);
  const isCompressed = random.chance(0.2);
  const bytesOf = (args: unknown[], flags = 0): Buffer => invocation({ format: MSGPACK, method, args, flags, isCompressed })(seq);
  if (method === '<batch>') {
    const sizes = Array.from({ length: random.pick(BATCHES) }, (_, index) => index);
    const entries = sizes.map((each) => pyTuple('size', pyTuple(BYTES.subarray(0, each)), {}));
    return { bytes: bytesOf(entries, FLAGS.batch), result: sizes };
  }
  if (method === 'size') return { bytes: bytesOf([value]), result: size };
  const args = [value, random.below(LONGEST_CALL_MS)];
  return method === 'later' ? { bytes: bytesOf(args), result: size } : { bytes: bytesOf(args, FLAGS.oneway), result: undefined };
}

/** Sends requests without waiting for their answers, in pieces of any size. Checks the answers, or leaves at any byte. */
async function play(location: string, random: Random): Promise<void> {
  const peer = await ScriptedPeer.join(location, OBJECT);
  const requests = Array.from({ length: 1 + random.below(MOST_REQUESTS) }, (_, seq) => anyRequest(random, seq));
  const all = Buffer.concat(requests.map(({ bytes }) => bytes));
  const leaves = random.chance(LEAVE_SHARE);
  const wire = leaves ? all.subarray(0, random.below(all.length)) : all;
  const longest = random.pick([1_000, 70_000, all.length]);
  for (let at = 0; at < wire.length;) {
    const end = at + 1 + random.below(longest);
    peer.write(wire.subarray(at, end));
    at = end;
    if (random.chance(0.2)) await delay(random.below(5));
  }
  if (!leaves) {
    const results = requests.map(({ result }) => result).filter((result) => result !== undefined);
    const answers: unknown[] = [];
    while (answers.length < results.length) answers.push(MSGPACK.loads((await peer.next()).data));
    expect(answers).toEqual(results);
  }
  peer.destroy();
}

it('a daemon answers all requests of clients that do not wait, of any size and in any pieces, and keeps nothing of them', async () => {
  const daemon = await PyroDaemon.listen({ host: '127.0.0.1', maxQueuedRequests: 8, maxUnservedBytes: 800_000 });
  try {
    daemon.register(new Sizes(), OBJECT);
    for (let round = 0; round < ROUNDS; round++) {
      const clients = Array.from({ length: CLIENTS }, (_, client) =>
        play(daemon.locationStr, new Random((SEED + round) * CLIENTS + client)),
      );
      await Promise.all(clients).catch((error: unknown) => {
        throw new Error(`FUZZ_SEED=${SEED + round} repeats it`, { cause: error });
      });
    }
    await expect.poll(() => daemon.connections.length).toBe(0);
    await expect.poll(() => daemon.inspect().limits.find(({ name }) => name === 'maxUnservedBytes')!.used).toBe(0);
  } finally {
    await daemon.close();
  }
}, 3_600_000);
