import { deflateSync } from 'node:zlib';
import { expose, PyroDaemon } from '../../lib/core.js';
import { FLAGS, SERIALIZER_IDS } from '../../lib/protocol/constants.js';
import type { SerializerName, ValueMode } from '../../lib/serializers/contract/serializer.js';
import { ScriptedPeer } from '../../lib/testing/index.js';
import { aliveBytes, CLASSES } from './measure.js';
import { wireOf } from './wire-bytes.js';
import type { WireTree } from './wire-tree.js';

/** Compressed requests that are sent at once. */
interface RequestSequence {
  tree: WireTree;
  serializer: SerializerName;
  values: ValueMode;
  isVaried: boolean;
  connections: number;
  /** Requests of each connection. */
  requests: number;
  /** Bytes of one request, inflated. */
  bytes: number;
}

/** The cost of a sequence for the process that serves it. */
export interface SequenceCost {
  sentBytes: number;
  /** Bytes of all requests, inflated. */
  readBytes: number;
  /** CPU time of the process, the client's small part included. */
  cpuMs: number;
  /** Memory of all live objects while the methods run. */
  heldBytes: number;
  /** Requests that began. The others were refused. */
  begun: number;
}

/** Keeps the arguments of its calls until they are released, as a slow method does. */
class Keeper {
  begun = 0;
  private readonly waiting: (() => void)[] = [];

  async keep(value: unknown): Promise<unknown> {
    this.begun++;
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    return value;
  }

  release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  ping(): void {}
}
expose(Keeper);

/** Sends the sequence to a daemon, and measures what it costs until all requests have begun or were refused. */
export async function measureSequence(sequence: RequestSequence): Promise<SequenceCost> {
  const { connections, requests, serializer } = sequence;
  const keeper = new Keeper();
  await using daemon = await PyroDaemon.listen({
    host: '127.0.0.1',
    port: 0,
    values: sequence.values,
    classes: CLASSES,
    logger: false,
  });
  daemon.register(keeper, 'lab');
  const { message, bytes } = requestOf(sequence);
  const data = deflateSync(message, { level: 9 });
  const peers = await Promise.all(Array.from({ length: connections }, () => ScriptedPeer.join(daemon.locationStr, 'lab')));
  try {
    const before = await aliveBytes();
    const begunAt = process.cpuUsage();
    for (const peer of peers) {
      for (let request = 0; request < requests; request++)
        peer.send({ flags: FLAGS.compressed | FLAGS.oneway, serializerId: SERIALIZER_IDS[serializer], data });
    }
    // requests of a connection begin in their order; a connection may have been closed
    await Promise.allSettled(peers.map((peer) => peer.call('lab', 'ping')));
    const { user, system } = process.cpuUsage(begunAt);
    const heldBytes = Math.max(0, (await aliveBytes()) - before);
    const count = connections * requests;
    const cpuMs = (user + system) / 1_000;
    return { sentBytes: count * data.length, readBytes: count * bytes, cpuMs, heldBytes, begun: keeper.begun };
  } finally {
    keeper.release();
    for (const peer of peers) peer.destroy();
  }
}

/** A call of `keep` with a list of copies of the tree. */
function requestOf({ tree, serializer, isVaried, bytes }: RequestSequence): { message: Buffer; bytes: number } {
  const one = wireOf(tree, serializer, 2, isVaried).length - wireOf(tree, serializer, 1, isVaried).length;
  const list = wireOf(tree, serializer, Math.max(1, Math.floor(bytes / one)), isVaried);
  const [begin, end] = AROUND[serializer];
  const message = Buffer.concat([Buffer.from(begin, 'latin1'), list, Buffer.from(end, 'latin1')]);
  return { message, bytes: message.length };
}

/** The bytes of a call before and after its only argument. */
const AROUND: Record<SerializerName, readonly [string, string]> = {
  serpent: ["('lab','keep',(", ',),{})'],
  json: ['{"object":"lab","method":"keep","params":[', '],"kwargs":{}}'],
  marshal: ['(\x04\0\0\0z\x03labz\x04keep(\x01\0\0\0', '{0'],
  msgpack: ['\x94\xa3lab\xa4keep\x91', '\x80'],
};
