import { DAEMON_OBJECT_ID, FLAGS, MESSAGE_TYPES } from '../../../lib/core.js';
import { BLOB_ANNOTATION } from '../../../lib/protocol/constants.js';
import { ExceptionWrapper } from '../../../lib/serializers/objects/class-dicts.js';
import type { Serializer } from '../../../lib/serializers/contract/serializer.js';
import { pyTuple } from '../../../lib/serpent/index.js';
import { answered, type Exchange, invocation, message, raises, returns, SERIALIZERS, withData } from './exchanges.js';
import { OBJECT } from './fuzzed-server.js';
import type { Random } from './random.js';
import { rewritten, type Sample, type SampleValues } from './sample-values.js';
import type { ReceivedFrame } from '../../../lib/testing/index.js';

/** A stream that the client knows, and the next item that the server has to give. */
interface OpenStream {
  id: string;
  next: number;
  to: number;
}

const MAX_STREAMS = 20;
const MARSHAL = SERIALIZERS.find(({ name }) => name === 'marshal')!;
const LARGE_SHARE = 0.0005;

/** The state of the object of one session, which foretells the answer to each message. */
export class SessionModel {
  private calls = 0;
  private kept: { value: unknown; read: Serializer } = { value: 1, read: MARSHAL };
  private readonly streams: OpenStream[] = [];

  constructor(
    private readonly random: Random,
    private readonly values: SampleValues,
  ) {}

  /** Streams of a session that has ended, for {@link resume}. The server may have closed them. */
  get openStreams(): readonly OpenStream[] {
    return this.streams.filter(({ id }) => id !== '');
  }

  /** A message, and the answer that follows from the messages before it. */
  next(): Exchange {
    const format = this.random.pick(SERIALIZERS);
    const kind = this.random.below(100);
    if (kind < 35) return this.echo(format);
    if (kind < 50) return this.count(format);
    if (kind < 56) return this.set(format);
    if (kind < 62) return this.get(format);
    if (kind < 68) return this.batch(format);
    if (kind < 72) return this.failure(format);
    if (kind < 76) return this.blob(format);
    if (kind < 80) return ping;
    return this.stream(format);
  }

  /** Reads on in a stream of an earlier connection: the server gives the next item, or has closed the stream. */
  resume({ id, next, to }: OpenStream): Exchange {
    const format = this.random.pick(SERIALIZERS);
    const right = itemOrEnd(format, next, to);
    const closed = raises(format, /item stream terminated/);
    return {
      bytes: invocation({ format, object: DAEMON_OBJECT_ID, method: 'get_next_stream_item', args: [id] }),
      check: (answer, seq) => (closed(answer, seq) === undefined ? undefined : right(answer, seq)),
      text: `${format.name} resumes a stream at ${next} of ${to}`,
    };
  }

  private sample(): Sample {
    return this.random.chance(LARGE_SHARE) ? this.values.large : this.random.pick(this.values.small);
  }

  private echo(format: Serializer): Exchange {
    const { echo, result } = this.sample().written.get(format)!;
    const isOneway = this.random.chance(0.1);
    const isCompressed = this.random.chance(0.05);
    const notes = this.random.chance(0.1) ? new Map([['NOTE', Buffer.from('note')]]) : undefined;
    const correlationId = this.random.chance(0.3) ? Buffer.alloc(16, this.random.below(255) + 1) : undefined;
    const right = returns(format, result);
    const check = (answer: ReceivedFrame, seq: number): string | undefined =>
      correlationId && !answer.correlationId?.equals(correlationId) ? 'another correlation id' : right(answer, seq);
    return {
      bytes: withData(format, echo, {
        flags: isOneway ? FLAGS.oneway : 0,
        isCompressed,
        ...(notes && { notes }),
        ...(correlationId && { correlationId }),
      }),
      check: isOneway ? undefined : check,
      text: `${format.name} echo${isOneway ? ', oneway' : ''}${isCompressed ? ', compressed' : ''}`,
    };
  }

  /** Oneway calls of a method that does not wait run in the order of the messages. */
  private count(format: Serializer): Exchange {
    this.calls++;
    const isOneway = this.random.chance(0.2);
    return {
      bytes: invocation({ format, method: 'next', args: [], flags: isOneway ? FLAGS.oneway : 0 }),
      check: isOneway ? undefined : returns(format, format.dumps(this.calls)),
      text: `${format.name} call ${this.calls} of the session`,
    };
  }

  private set(format: Serializer): Exchange {
    const { value } = this.random.pick(this.values.small);
    this.kept = { value, read: format };
    return {
      bytes: invocation({ format, method: '__setattr__', args: ['value', value] }),
      check: returns(format, format.dumps(null)),
      text: `${format.name} sets the attribute`,
    };
  }

  private get(format: Serializer): Exchange {
    const { value, read } = this.kept;
    return {
      bytes: invocation({ format, method: '__getattr__', args: ['value'] }),
      check: returns(format, rewritten(value, read, format)),
      text: `${format.name} reads the attribute, which was set in ${read.name}`,
    };
  }

  /** A batch ends with its first failure, whose exception is its last result. */
  private batch(format: Serializer): Exchange {
    const isOneway = this.random.chance(0.2);
    const entries: unknown[] = [];
    const results: unknown[] = [];
    let hasFailed = false;
    for (let rest = this.random.below(8); rest > 0; rest--) {
      const method = this.random.pick(['echo', 'next', 'next', '_private']);
      const { value } = this.random.pick(this.values.small);
      entries.push(pyTuple(method, method === 'echo' ? pyTuple(value) : pyTuple(), {}));
      if (hasFailed) continue;
      if (method === 'next') results.push(++this.calls);
      else if (method === 'echo') results.push(format.loads(format.dumps(value)));
      else hasFailed = true;
    }
    const flags = FLAGS.batch | (isOneway ? FLAGS.oneway : 0);
    const bytes = invocation({ format, method: '<batch>', args: entries, flags });
    const text = `${format.name} batch of ${entries.length}${hasFailed ? ', one fails' : ''}${isOneway ? ', oneway' : ''}`;
    if (isOneway) return { bytes, check: undefined, text };
    if (!hasFailed) return { bytes, check: returns(format, format.dumps(results), FLAGS.batch), text };
    return {
      bytes,
      check: (answer, seq) => {
        const wrong = answered(answer, seq, format, FLAGS.batch);
        if (wrong !== undefined) return wrong;
        const all = format.loads(answer.data) as unknown[];
        const last = all.at(-1);
        const isFailure = last instanceof ExceptionWrapper && /private attribute/.test(String(last.exception));
        const isRight = isFailure && format.dumps(all.slice(0, -1)).equals(format.dumps(results));
        return isRight ? undefined : `wrong results of a batch: ${answer.data.toString('latin1', 0, 300)}`;
      },
      text,
    };
  }

  private failure(format: Serializer): Exchange {
    const [object, method, type] = this.random.pick([
      [OBJECT, '_private', /AttributeError/],
      [OBJECT, 'constructor', /AttributeError/],
      [OBJECT, 'nothing', /AttributeError/],
      [OBJECT, 'fail', /made to fail/],
      ['nobody', 'echo', /unknown object/],
    ] as const);
    return {
      bytes: invocation({ format, object, method, args: ['made to fail'] }),
      check: raises(format, type),
      text: `${format.name} failure of ${object}.${method}`,
    };
  }

  private blob(format: Serializer): Exchange {
    const { value, written } = this.random.pick(this.values.small);
    const result = format.loads(written.get(format)!.result);
    const notes = new Map([[BLOB_ANNOTATION, MARSHAL.dumps(['info', OBJECT, 'blob'])]]);
    return {
      bytes: invocation({ format, method: 'blob', args: [value], flags: FLAGS.keepSerialized, notes }),
      check: returns(format, format.dumps(['info', [result]])),
      text: `${format.name} blob`,
    };
  }

  private stream(format: Serializer): Exchange {
    const stream = this.random.chance(0.85) ? this.random.pick(this.openStreams) : undefined;
    if (stream === undefined) return this.streams.length < MAX_STREAMS ? this.open(format) : this.count(format);
    const { id, next, to } = stream;
    if (this.random.chance(0.1)) {
      this.forget(stream);
      return {
        bytes: invocation({ format, object: DAEMON_OBJECT_ID, method: 'close_stream', args: [id] }),
        check: returns(format, format.dumps(null)),
        text: `${format.name} closes a stream`,
      };
    }
    if (next < to) stream.next++;
    else this.forget(stream);
    return {
      bytes: invocation({ format, object: DAEMON_OBJECT_ID, method: 'get_next_stream_item', args: [id] }),
      check: itemOrEnd(format, next, to),
      text: `${format.name} reads item ${next} of ${to}`,
    };
  }

  /** The id of the stream is known when its answer has come; until then nobody can read it. */
  private open(format: Serializer): Exchange {
    const to = this.random.below(6);
    const stream: OpenStream = { id: '', next: 0, to };
    this.streams.push(stream);
    return {
      bytes: invocation({ format, method: 'count', args: [to] }),
      check: (answer, seq) => {
        stream.id = answer.annotations.get('STRM')?.toString() ?? '';
        if (stream.id === '') return 'a stream without an id';
        return answered(answer, seq, format, FLAGS.exception | FLAGS.itemStream);
      },
      text: `${format.name} opens a stream of ${to}`,
    };
  }

  private forget(stream: OpenStream): void {
    this.streams.splice(this.streams.indexOf(stream), 1);
  }
}

const itemOrEnd = (format: Serializer, next: number, to: number): ReturnType<typeof returns> =>
  next < to ? returns(format, format.dumps(next)) : raises(format, /StopIteration/);

const ping: Exchange = {
  bytes: (seq) => message(MESSAGE_TYPES.ping, seq, Buffer.from('ping')),
  check: ({ header, data }, seq) =>
    header.type === MESSAGE_TYPES.ping && header.seq === seq && data.toString() === 'pong' ? undefined : 'no pong',
  text: 'ping',
};
