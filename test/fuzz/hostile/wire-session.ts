import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/core.js';
import { encodeMessage } from '../../../lib/protocol/message.js';
import { pyTuple } from '../../../lib/serpent/index.js';
import { isPlain } from './sample-values.js';
import { MAX_BYTES, OBJECT } from './fuzzed-server.js';
import { answered, type Exchange, invocation, LARGEST, message, raises, returns, SERIALIZERS } from './exchanges.js';

/** A message of a session, and the right answer to it. */
export interface Step extends Exchange {
  /** `ends`: the server closes the connection. `unknown`: nothing after this step is foretold. */
  outcome: 'goes on' | 'ends' | 'unknown';
}

/** The messages of a peer on one connection, and the way they are sent. */
export interface Session {
  /** True when the session begins with a handshake. */
  joins: boolean;
  steps: Step[];
  /** Lengths of the pieces in which the bytes are written, used in turn. */
  pieces: number[];
  /** Changes to bytes: an offset, and the new value. */
  damage: readonly (readonly [offset: number, byte: number])[];
  /** The part of the bytes that is sent, from 0 to 1. */
  sent: number;
  leaves: 'when answered' | 'by end' | 'by reset';
}

const value = fc.oneof(
  { weight: 8, arbitrary: fc.jsonValue().filter(isPlain) as fc.Arbitrary<unknown> },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(10n ** 40n, -(2n ** 63n), '', '\0', 'x'.repeat(300_000)) },
  { weight: 1, arbitrary: fc.array(fc.integer(), { minLength: 500, maxLength: 20_000 }) as fc.Arbitrary<unknown> },
);
const serializer = fc.constantFrom(...SERIALIZERS);
const annotations = fc
  .dictionary(fc.constantFrom('NOTE', 'XXXX'), fc.uint8Array({ maxLength: 30 }), { maxKeys: 2 })
  .map((chunks) => new Map(Object.entries(chunks).map(([id, bytes]) => [id, Buffer.from(bytes)])));

const call = fc
  .record({
    format: serializer,
    method: fc.constantFrom('echo', 'later'),
    arg: value,
    isCompressed: fc.boolean(),
    notes: annotations,
  })
  .map(({ format, method, arg, isCompressed, notes }): Step => {
    const result = format.dumps(format.loads(format.dumps(arg)));
    const bytes = invocation({ format, method, args: [arg], isCompressed, notes });
    return { bytes, check: returns(format, result), outcome: 'goes on', text: `${format.name} ${method}` };
  });

const oneway = fc
  .record({ format: serializer, arg: value, method: fc.constantFrom('echo', 'note', 'fail', 'nothing') })
  .map(({ format, arg, method }): Step => ({
    bytes: invocation({ format, method, args: [arg], flags: FLAGS.oneway }),
    check: undefined,
    outcome: 'goes on',
    text: `${format.name} oneway ${method}`,
  }));

const batch = fc.record({ format: serializer, args: fc.array(value, { maxLength: 5 }) }).map(({ format, args }): Step => {
  const entries = args.map((arg) => pyTuple('echo', pyTuple(arg), {}));
  const result = format.dumps(args.map((arg): unknown => format.loads(format.dumps(arg))));
  return {
    bytes: invocation({ format, method: '<batch>', args: entries, flags: FLAGS.batch }),
    check: returns(format, result, FLAGS.batch),
    outcome: 'goes on',
    text: `${format.name} batch of ${args.length}`,
  };
});

/** Members that cannot be called, and the exceptions that say so. */
const REFUSED: Record<string, RegExp> = {
  nothing: /AttributeError/,
  _private: /AttributeError/,
  constructor: /AttributeError/,
  __proto__: /AttributeError/,
  toString: /AttributeError/,
  fail: /Error/,
};
const refused = fc
  .record({ format: serializer, method: fc.constantFrom(...Object.keys(REFUSED)), arg: fc.string() })
  .map(({ format, method, arg }): Step => ({
    bytes: invocation({ format, method, args: [arg] }),
    check: raises(format, REFUSED[method]!),
    outcome: 'goes on',
    text: `${format.name} refused ${method}`,
  }));

const unknownObject = fc
  .record({ format: serializer, object: fc.constantFrom('', 'nobody', '__proto__', 'constructor') })
  .map(({ format, object }): Step => ({
    bytes: invocation({ format, method: 'echo', args: [1], object }),
    check: raises(format, /DaemonError/),
    outcome: 'goes on',
    text: `${format.name} call of the object "${object}"`,
  }));

const stream = fc.record({ format: serializer, to: fc.nat(5) }).map(({ format, to }): Step => ({
  bytes: invocation({ format, method: 'count', args: [to] }),
  check: (answer, seq) =>
    answered(answer, seq, format, FLAGS.exception | FLAGS.itemStream) ??
    (answer.annotations.has('STRM') ? undefined : 'a stream without an id'),
  outcome: 'goes on',
  text: `${format.name} stream`,
}));

const ping = fc.constant<Step>({
  bytes: (seq) => message(MESSAGE_TYPES.ping, seq, Buffer.from('ping')),
  check: ({ header, data }, seq) =>
    header.type === MESSAGE_TYPES.ping && header.seq === seq && data.toString() === 'pong' ? undefined : 'no pong',
  outcome: 'goes on',
  text: 'ping',
});

/** Messages that end the connection. */
const fatal = fc
  .constantFrom<[string, (seq: number) => Buffer]>(
    ...[0, 2, 3, 5, 7, 255].map((type): [string, (seq: number) => Buffer] => [
      `message of type ${type}`,
      (seq) => message(type, seq, Buffer.alloc(0)),
    ]),
    ['message over maxMessageBytes', (seq) => message(MESSAGE_TYPES.invoke, seq, Buffer.alloc(MAX_BYTES + 1)).subarray(0, 4_000)],
    ['bytes that are no message', () => Buffer.alloc(200, 'GET / HTTP/1.1\r\n')],
  )
  .map(([text, bytes]): Step => ({ bytes, check: undefined, outcome: 'ends', text }));

/** Well-formed messages with random content. */
const anything = fc
  .record({
    object: fc.constantFrom(OBJECT, 'Pyro.Daemon', 'nobody', '', '__proto__'),
    method: fc.constantFrom(
      ...'echo later count fail note value __getattr__ __setattr__ <batch> get_metadata get_next_stream_item close_stream'.split(
        ' ',
      ),
      ...'registered constructor __proto__ _x __init__ toString ping info'.split(' '),
      '',
    ),
    args: fc.array(value, { maxLength: 3 }),
    // the correlation flag announces 16 bytes that are always there
    flags: fc.integer({ min: 0, max: 0x1ff }),
    notes: fc.dictionary(fc.constantFrom('BLBI', 'STRM', 'NOTE'), fc.uint8Array({ maxLength: 30 }), { maxKeys: 2 }),
    format: serializer,
    type: fc.constantFrom(4, 4, 4, 4, 6, 1, 5),
  })
  .map(({ object, method, args, flags, notes, format, type }): Step => {
    const data = format.dumpsCall({ objectId: object, method, args, kwargs: {} });
    const chunks = new Map(Object.entries(notes).map(([id, bytes]) => [id, Buffer.from(bytes)]));
    const known = { type, serializerId: format.id, flags: flags & ~FLAGS.correlationId, data, annotations: chunks };
    const bytes = (seq: number): Buffer => Buffer.concat(encodeMessage({ ...known, seq }, LARGEST));
    return {
      bytes,
      check: undefined,
      outcome: 'unknown',
      text: `${format.name} ${object}.${method}, type ${type}, flags ${flags}`,
    };
  });

/** An INVOKE message whose data is compressed, and opens to more than the server takes, or not at all. */
const bomb = fc.record({ bytes: fc.constantFrom(2_000_000, 20_000_000), isCut: fc.boolean() }).map(({ bytes, isCut }): Step => {
  const data = deflateSync(Buffer.alloc(bytes, 'x'));
  const wire = (seq: number): Buffer =>
    message(MESSAGE_TYPES.invoke, seq, isCut ? data.subarray(0, data.length / 2) : data, 1, FLAGS.compressed);
  return { bytes: wire, check: undefined, outcome: 'unknown', text: `${bytes} bytes, compressed${isCut ? ' and cut' : ''}` };
});

const foretold = fc.oneof({ weight: 6, arbitrary: call }, oneway, batch, refused, unknownObject, stream, ping);
const step = fc.oneof({ weight: 8, arbitrary: foretold }, { weight: 3, arbitrary: anything }, fatal, bomb);

const pieces = fc.array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(100_000)), { minLength: 1, maxLength: 5 });
const well = { pieces, damage: fc.constant([]), sent: fc.constant(1), leaves: fc.constant('when answered' as const) };
const leaves = fc.constantFrom('by end' as const, 'by reset' as const, 'when answered' as const);

/** Sessions whose every answer is foretold, and sessions of which only is known that they harm nobody. */
export const session: fc.Arbitrary<Session> = fc.oneof(
  fc.record({ ...well, joins: fc.constant(true), steps: fc.array(foretold, { maxLength: 8 }) }),
  fc
    .record({ ...well, joins: fc.constant(true), steps: fc.array(foretold, { maxLength: 4 }), last: fatal })
    .map(({ last, ...rest }) => ({ ...rest, steps: [...rest.steps, last] })),
  fc.record({
    pieces,
    joins: fc.boolean(),
    steps: fc.array(step, { maxLength: 6 }),
    damage: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    sent: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    leaves,
  }),
);
