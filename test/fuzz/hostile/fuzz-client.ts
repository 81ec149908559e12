import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { FLAGS, MESSAGE_TYPES, PyroError, PyroProxy, PyroRemoteError, PythonException } from '../../../lib/core.js';
import { type Frame, FrameReader } from '../../../lib/protocol/messages/frame-reader.js';
import { sizeLimit } from '../../../lib/protocol/messages/header.js';
import { encodeMessage } from '../../../lib/protocol/messages/message.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';

const SERIALIZERS = [...createSerializers().values()];
const LARGEST = 2 ** 30;
/** Short: a hostile server may answer nothing. Any end of the call is right then. */
const CALL_TIMEOUT_MS = 200;
const HANG_MS = 60_000;

/** The answer of a hostile server to one message. */
interface Reply {
  /** `right`: as a good server would. The others differ from it in one thing or more. */
  kind: 'right' | 'changed' | 'cut' | 'random value' | 'class' | 'twice' | 'close' | 'bomb' | 'garbage';
  type: number;
  flags: number;
  seqOffset: number;
  value: unknown;
  className: string;
  damage: readonly (readonly [offset: number, byte: number])[];
}

const CLASSES =
  'builtins.ValueError builtins.SystemExit Pyro5.errors.PyroError Pyro5.core.URI Pyro5.client.Proxy __main__.Evil'.split(' ');
const reply: fc.Arbitrary<Reply> = fc.record({
  kind: fc.constantFrom<Reply['kind'][]>(
    ...(['right', 'right', 'right', 'changed', 'cut', 'random value', 'class', 'twice', 'close', 'bomb', 'garbage'] as const),
  ),
  type: fc.constantFrom(2, 3, 4, 5, 5, 5, 6, 9),
  flags: fc.integer({ min: 0, max: 0xff }).map((bits) => bits & ~FLAGS.correlationId),
  seqOffset: fc.constantFrom(0, 0, 0, 1, -1),
  value: fc.jsonValue() as fc.Arbitrary<unknown>,
  className: fc.constantFrom(...CLASSES, '', '__proto__'),
  damage: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
});

interface Scenario {
  serializer: number;
  /** For the handshake, then for each call; the last one is used again. */
  replies: Reply[];
  calls: string[];
}
const scenario: fc.Arbitrary<Scenario> = fc.record({
  serializer: fc.nat(3),
  replies: fc.array(reply, { minLength: 1, maxLength: 6 }),
  calls: fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 4 }),
});

/** The bytes with which a hostile server answers; undefined: it closes the connection. */
function bytesOf(plan: Reply, request: Frame): Buffer | undefined {
  const { header, correlationId } = request;
  const serializer = SERIALIZERS.find(({ id }) => id === header.serializerId) ?? SERIALIZERS[0]!;
  const { connect, connectOk, ping, result } = MESSAGE_TYPES;
  const rightOf = (): [type: number, value: unknown] => {
    if (header.type === connect) return [connectOk, { handshake: 'hello', meta: { methods: ['echo'], oneway: [], attrs: [] } }];
    // after an exception the client asks whether the connection stays
    return header.type === ping ? [ping, 'pong'] : [result, serializer.loadsCall(request.data).args[0]];
  };
  const build = (value: unknown, type: number, flags = 0, seqOffset = 0): Buffer => {
    const isBomb = plan.kind === 'bomb';
    const data = isBomb ? deflateSync(Buffer.alloc(20_000_000, '[')) : serializer.dumps(value);
    const seq = (header.seq + seqOffset) & 0xffff;
    return Buffer.concat(
      encodeMessage(
        {
          type,
          serializerId: serializer.id,
          flags: isBomb ? FLAGS.compressed : flags,
          seq,
          data,
          ...(correlationId && { correlationId }),
        },
        LARGEST,
      ),
    );
  };
  const [rightType, right] = rightOf();
  const good = build(right, rightType);
  switch (plan.kind) {
    case 'right':
    case 'bomb':
      return good;
    case 'twice':
      return Buffer.concat([good, good]);
    case 'changed':
      for (const [offset, byte] of plan.damage) good[offset % good.length] = byte;
      return good;
    case 'cut':
      return good.subarray(0, plan.damage[0]![0] % good.length);
    case 'random value':
      return build(plan.value, plan.type, plan.flags, plan.seqOffset);
    case 'class':
      return build(
        { __class__: plan.className, __exception__: true, args: [plan.value], attributes: plan.value, state: plan.value },
        MESSAGE_TYPES.result,
        FLAGS.exception,
      );
    case 'garbage':
      return Buffer.from(plan.damage.map(([, byte]) => byte));
    default:
      return undefined;
  }
}

/**
 * Lets clients call hostile servers.
 *
 * @returns the number of calls
 * @throws {Error} when a call does not end, when its error is no error of Pyro, or when a right answer arrives wrong. It also throws when
 * the process has an unhandled rejection or keeps a socket. The same seed repeats the run.
 */
export async function fuzzClient({ seed, runs }: { seed: number; runs: number }): Promise<number> {
  const problems: unknown[] = [];
  const note = (error: unknown): void => void problems.push(error);
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  const sockets = new Set<Socket>();
  let plans: Reply[] = [];
  let answered = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const reader = new FrameReader(sizeLimit(LARGEST), Object.values(MESSAGE_TYPES));
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let frame = reader.next(); frame; frame = reader.next()) {
        const plan = plans[Math.min(answered++, plans.length - 1)]!;
        const bytes = bytesOf(plan, frame);
        if (bytes === undefined) socket.destroy();
        else socket.write(bytes);
        if (plan.kind === 'cut' || plan.kind === 'garbage') socket.end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  let calls = 0;
  try {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ serializer, replies, calls: texts }) => {
        plans = replies;
        answered = 0;
        const isRight = replies.every(({ kind }) => kind === 'right');
        const proxy = PyroProxy.to(`PYRO:thing@127.0.0.1:${port}`, {
          serializer: SERIALIZERS[serializer]!.name,
          callTimeoutMs: isRight ? HANG_MS : CALL_TIMEOUT_MS,
          maxMessageBytes: 1_000_000,
          maxRetries: 0,
        });
        for (const text of texts) {
          calls++;
          // by its name: a damaged handshake may tell other methods, and then the proxy has no `echo`
          const outcome = await inTime(proxy.$call('echo', text));
          if (isRight && outcome !== text) throw new Error(`echo of ${JSON.stringify(text)} gave ${String(outcome)}`);
        }
        await proxy.$release();
      }),
      { seed, numRuns: runs, endOnFailure: true },
    );
    const deadline = performance.now() + HANG_MS;
    while (sockets.size > 0) {
      if (performance.now() > deadline) throw new Error(`${sockets.size} connections stay open after $release()`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (problems.length > 0) throw new Error('an error that nobody handled', { cause: problems[0] });
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
  }
  return calls;
}

/** The result of a call, or its error. @throws {Error} when it does not end, or fails with an error that is none of Pyro's */
async function inTime(call: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('a call did not end')), HANG_MS);
  });
  const ended = call.catch((error: unknown) => {
    if (error instanceof PyroError || error instanceof PythonException || error instanceof PyroRemoteError) return error;
    throw new Error('a call failed with an error that is none of Pyro', { cause: error });
  });
  try {
    return await Promise.race([ended, hang]);
  } finally {
    clearTimeout(timer);
  }
}
