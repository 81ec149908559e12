import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expose, FLAGS, MESSAGE_TYPES, PyroDaemon } from '../../../lib/core.js';
import { encodeMessage } from '../../../lib/protocol/message.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { ScriptedPeer } from '../../../lib/testing/index.js';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
const MAX_BYTES = 1_000_000;

class Thing {
  echo(value: unknown): unknown {
    return value;
  }
  *count(to: number): Generator<number> {
    for (let i = 0; i < to; i++) yield i;
  }
  get value(): number {
    return 1;
  }
  set value(_: number) {
    // read and dropped
  }
}
expose(Thing);

const problems: unknown[] = [];
const note = (error: unknown): void => void problems.push(error);
let daemon: PyroDaemon;

beforeAll(async () => {
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  daemon = await PyroDaemon.listen({
    host: '127.0.0.1',
    maxMessageBytes: MAX_BYTES,
    frameTimeoutMs: 500,
    handshakeTimeoutMs: 500,
  });
  daemon.on('error', note);
  daemon.register(new Thing(), 'thing');
});
afterAll(async () => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
  await daemon.close();
});

const serializers = [...createSerializers().values()];
const callArguments = fc.array(fc.jsonValue(), { maxLength: 3 }) as fc.Arbitrary<unknown[]>;
const objectId = fc.constantFrom('thing', 'Pyro.Daemon', 'nobody', '', '__proto__');
const methods =
  'echo count __getattr__ __setattr__ <batch> get_metadata get_next_stream_item close_stream registered ' +
  'constructor __proto__ _x __init__ toString';
const method = fc.constantFrom('', ...methods.split(' '));
const flags = fc.integer({ min: 0, max: 0x1ff }).map((bits) => bits & ~FLAGS.correlationId);
const annotations = fc.dictionary(fc.constantFrom('BLBI', 'STRM', 'NOTE'), fc.uint8Array({ maxLength: 30 }), { maxKeys: 2 });

/** Well-formed frames with random content. */
const message = fc.record({
  object: objectId,
  method,
  args: callArguments,
  flags,
  annotations,
  serializer: fc.nat(3),
  type: fc.constantFrom(4, 4, 4, 4, 6, 1, 5),
});
/** Changes to the bytes of the frames. */
const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });

function wireOf({
  object,
  method: name,
  args,
  flags: bits,
  annotations: notes,
  serializer: index,
  type,
}: typeof message extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const serializer = serializers[index]!;
  const data = serializer.dumpsCall({ objectId: object, method: name, args, kwargs: {} });
  const chunks = new Map(Object.entries(notes).map(([id, bytes]) => [id, Buffer.from(bytes)]));
  return Buffer.concat(
    encodeMessage({ type, serializerId: serializer.id, flags: bits, seq: 1, data, annotations: chunks }, MAX_BYTES),
  );
}

it('a daemon survives whatever a peer sends, in every state of the connection', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(message, { maxLength: 6 }),
      damage,
      fc.boolean(),
      async (joins, messages, changes, leaves) => {
        const peer = joins ? await ScriptedPeer.join(daemon.locationStr, 'thing') : await ScriptedPeer.open(daemon.locationStr);
        const wire = Buffer.concat(messages.map(wireOf));
        for (const [offset, byte] of changes) if (wire.length > 0) wire[offset % wire.length] = byte;
        peer.write(wire);
        if (leaves) peer.end();
        else await new Promise((resolve) => setTimeout(resolve, 2));
        peer.destroy();
      },
    ),
    { numRuns: RUNS },
  );
  const witness = await ScriptedPeer.join(daemon.locationStr, 'thing');
  expect(await witness.call('thing', 'echo', 'still here')).toBe('still here');
  witness.destroy();
  const deadline = Date.now() + 5_000;
  while (daemon.connections.length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(daemon.connections).toEqual([]);
  expect(problems).toEqual([]);
}, 120_000);

it('a daemon answers an unexpected message type by closing only that connection', async () => {
  for (const type of [0, 1, 2, 3, 5, 7, 255]) {
    const peer = await ScriptedPeer.join(daemon.locationStr, 'thing');
    peer.send({ type });
    await peer.untilClosed();
  }
  const witness = await ScriptedPeer.join(daemon.locationStr, 'thing');
  witness.send({ type: MESSAGE_TYPES.ping });
  expect((await witness.next()).data.toString()).toBe('pong');
  witness.destroy();
});
