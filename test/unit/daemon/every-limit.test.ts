import 'reflect-metadata';
import { deflateSync } from 'node:zlib';
import { IsInt } from 'class-validator';
import { expect, it } from 'vitest';
import { expose, FLAGS, PyroClass, type PyroDaemon } from '../../../lib/core.js';
import type { PyroDaemonOptions } from '../../../lib/pyro/pyro-daemon-options.js';
import type { OutgoingMessage } from '../../../lib/protocol/messages/message.js';
import { dumps, pyTuple } from '../../../lib/serpent/index.js';
import { processWide } from '../../../lib/copies/process-wide.js';
import type { LimitName } from '../../../lib/daemon/limits/limit.js';
import { LIMITS } from '../../../lib/daemon/limits/limits.js';
import { SERIALIZER_IDS } from '../../../lib/protocol/constants.js';
import type { SerializerName } from '../../../lib/serializers/contract/serializer.js';
import { createSerializers } from '../../../lib/serializers/serializers.js';
import { HostLookups } from '../../../lib/transport/sockets/host-lookups.js';
import { type ReceivedFrame, type ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { eventually, join, open, startDaemon } from './fixtures.js';

/** Calls that run until the test ends them. */
class Thing {
  readonly finish: (() => void)[] = [];
  hang(): Promise<void> {
    return new Promise((resolve) => this.finish.push(resolve));
  }
  big(bytes: number): Buffer {
    return Buffer.alloc(bytes);
  }
  *items(): Generator<number> {
    for (;;) yield 1;
  }
  async *quiet(): AsyncGenerator<never> {
    await this.hang();
    yield* [];
  }
  echo(value: unknown): unknown {
    return value;
  }
  nested(): unknown {
    return [[[[[[[1]]]]]]];
  }
  long(): bigint {
    return 10n ** 30n;
  }
  async visit(one: Visited, other: Visited): Promise<void> {
    await Promise.all([one.visit(), other.visit()]);
  }
}
expose(Thing);

/** An object of a client. */
interface Visited {
  visit(): Promise<void>;
}
const visitedAt = (host: string): unknown => ({
  __class__: 'Pyro5.client.Proxy',
  state: [`PYRO:visited@${host}:1`, [], ['visit'], [], 'hello', null],
});
// no lookup of a host name ends
processWide('host-lookups', () => new HostLookups(() => new Promise(() => undefined)));

interface Scenario {
  options: PyroDaemonOptions;
  /** Goes over the limit. Gives the text that the client is told; undefined when the client only loses its connection, or waits. */
  over(daemon: PyroDaemon, thing: Thing): Promise<string | undefined>;
  /** The text of the server's error, and of the client's, if the client is told. Undefined: nobody is told. */
  says: RegExp | undefined;
  /** A limit that has to be reached before. */
  behind?: LimitName;
}

/** Refusals before the serializer of a client is known are in marshal: a type, four bytes of length, the text. */
const textOf = (frame: ReceivedFrame): string =>
  frame.header.serializerId === 1 ? String(valueOf(frame)) : frame.data.toString('utf8', 5);
const refusalOf = async (daemon: PyroDaemon, handshake: unknown = 'hello'): Promise<string> => {
  const peer = await open(daemon);
  peer.connect('thing', handshake);
  return textOf(await peer.next());
};
const failureOf = async (peer: ScriptedPeer, method: string, ...args: unknown[]): Promise<string> =>
  String((await peer.fail('thing', method, ...args)).args[0]);
const openStream = async (peer: ScriptedPeer, method = 'items'): Promise<string> => {
  peer.invoke('thing', method);
  return (await peer.next()).annotations.get('STRM')!.toString();
};
const nextItem = async (peer: ScriptedPeer, streamId: string): Promise<string> =>
  String((await peer.fail('Pyro.Daemon', 'get_next_stream_item', streamId)).args[0]);
/** Opens a stream on the first connection, and fails to open another on the second one. */
const oneStreamTooMany = async (first: ScriptedPeer, second = first): Promise<string> => {
  await openStream(first);
  return failureOf(second, 'items');
};
/** The client is told nothing, and loses its connection. */
const cutOff = async (peer: ScriptedPeer): Promise<undefined> => {
  await peer.untilClosed();
  return undefined;
};
const callWith = async (daemon: PyroDaemon, annotations: Map<string, Buffer>): Promise<undefined> => {
  const peer = await join(daemon);
  peer.invoke('thing', 'echo', [1], {}, { annotations });
  return cutOff(peer);
};
/** Lets a client ask for 40 MB, more than the buffers of the kernel hold, and read nothing. */
const askAndNotRead = async (daemon: PyroDaemon): Promise<ScriptedPeer> => {
  const peer = await join(daemon);
  peer.socket.pause();
  peer.invoke('thing', 'big', [40_000_000]);
  return peer;
};
/** Calls a method that hangs, leaves, and connects again. */
const leaveBehindCall = async (daemon: PyroDaemon, thing: Thing): Promise<string> => {
  const peer = await join(daemon);
  peer.invoke('thing', 'hang');
  await eventually(() => thing.finish.length === 1);
  peer.destroy();
  await eventually(() => daemon.sockets.length === 2 && !daemon.connections[0]!.connected);
  return refusalOf(daemon);
};

const manyLists = (count: number): unknown[] => Array.from({ length: count }, () => []);
/** A request whose argument is a text of so many equal letters, compressed. */
const compressed = (letters: number): Partial<OutgoingMessage> => ({
  flags: FLAGS.compressed,
  data: deflateSync(dumps(pyTuple('thing', 'echo', pyTuple('x'.repeat(letters)), {}))),
});

@PyroClass('limits.Checked')
class Checked {
  @IsInt() size!: number;
}
void Checked;

const SCENARIOS: Record<LimitName, Scenario> = {
  maxMessageBytes: {
    options: { maxMessageBytes: 10_000 },
    over: async (daemon) => failureOf(await join(daemon), 'big', 20_000),
    says: /maxMessageBytes \(10000\)/,
  },
  maxHandshakeBytes: {
    options: { maxHandshakeBytes: 200 },
    over: (daemon) => refusalOf(daemon, 'x'.repeat(500)),
    says: /message too large \(\d+ bytes, maxHandshakeBytes is 200\)/,
  },
  maxValueBytes: {
    options: { maxValueBytes: 10_000 },
    over: async (daemon) => failureOf(await join(daemon), 'echo', manyLists(1_000)),
    says: /takes \d+ bytes of memory or more \(maxValueBytes is 10000\)/,
  },
  maxCheckedObjects: {
    options: { maxCheckedObjects: 10 },
    over: async (daemon) =>
      failureOf(
        await join(daemon),
        'echo',
        Array.from({ length: 11 }, () => ({ __class__: 'limits.Checked', size: 1 })),
      ),
    says: /more objects that rules of classes check than maxCheckedObjects \(10\) allows/,
  },
  maxInFlightValueBytes: {
    options: { maxInFlightValueBytes: 20_000 },
    over: async (daemon) => failureOf(await join(daemon), 'echo', manyLists(1_000)),
    says: /one value alone may take \d+ of maxInFlightValueBytes \(20000\); send less at once, or raise the limit/,
  },
  maxAnnotations: {
    options: { maxAnnotations: 1 },
    over: (daemon) =>
      callWith(
        daemon,
        new Map([
          ['AAAA', Buffer.of(1)],
          ['BBBB', Buffer.of(2)],
        ]),
      ),
    says: /more annotations than maxAnnotations \(1\) allows/,
  },
  maxAnnotationsBytes: {
    options: { maxAnnotationsBytes: 100 },
    over: (daemon) => callWith(daemon, new Map([['AAAA', Buffer.alloc(200)]])),
    says: /block too large \(208 bytes, maxAnnotationsBytes is 100\)/,
  },
  maxInflationRatio: {
    options: { maxInflationRatio: 10 },
    over: async (daemon) => {
      const peer = await join(daemon);
      peer.send(compressed(20 * 1024 * 1024));
      return String((valueOf(await peer.next()) as { args: unknown[] }).args[0]);
    },
    says: /which maxInflationRatio allows for its size/,
  },
  maxInflatingBytes: {
    options: { maxInflatingBytes: 1_000_000 },
    over: async (daemon) => {
      const peers = [await join(daemon), await join(daemon)];
      for (const peer of peers) peer.send(compressed(4 * 1024 * 1024));
      for (const peer of peers) expect(valueOf(await peer.next())).toHaveLength(4 * 1024 * 1024);
      return undefined;
    },
    says: undefined,
  },
  maxConnections: {
    options: { maxConnections: 1 },
    over: async (daemon) => (await join(daemon), refusalOf(daemon)),
    says: /^daemon is full: maxConnections \(1\) are open$/,
  },
  maxConnectionsPerAddress: {
    options: { maxConnectionsPerAddress: 1, limitLoopback: true },
    over: async (daemon) => (await join(daemon), refusalOf(daemon)),
    says: /^daemon is full for 127\.0\.0\.1: 1 connections of it are open \(maxConnectionsPerAddress\)$/,
  },
  maxHandshakesPerAddress: {
    options: { maxHandshakesPerAddress: 1, limitLoopback: true },
    over: async (daemon) => (await open(daemon), await eventually(() => daemon.sockets.length === 2), refusalOf(daemon)),
    says: /^daemon is full for 127\.0\.0\.1: 1 handshakes of it are under way \(maxHandshakesPerAddress\)$/,
  },
  maxFailedHandshakes: {
    options: {
      maxFailedHandshakes: 3,
      limitLoopback: true,
      validateHandshake: ({ data }) => {
        if (data !== 'secret') throw new Error('wrong password');
      },
    },
    over: async (daemon) => {
      for (let i = 0; i < 3; i++) expect(await refusalOf(daemon)).toBe('wrong password');
      return refusalOf(daemon, 'secret');
    },
    says: /^too many failed handshakes from 127\.0\.0\.1 \(maxFailedHandshakes is 3 in a minute\)\. Retry in \d+ s$/,
  },
  maxAbandonedConnections: {
    options: { maxAbandonedConnections: 1 },
    over: leaveBehindCall,
    says: /^daemon is full: calls or clean-ups of 1 clients that have gone still run \(maxAbandonedConnections is 1\)$/,
  },
  maxAbandonedConnectionsPerAddress: {
    options: { maxAbandonedConnectionsPerAddress: 1, limitLoopback: true },
    over: leaveBehindCall,
    says: /^daemon is full for 127\.0\.0\.1: calls or clean-ups of 1 clients of it that have gone still run \(maxAbandonedConnectionsPerAddress is 1\); try again when some have ended$/,
  },
  handshakeTimeoutMs: {
    options: { handshakeTimeoutMs: 50 },
    over: async (daemon) => textOf(await (await open(daemon)).next()),
    says: /took longer than handshakeTimeoutMs \(50 ms\)/,
  },
  frameTimeoutMs: {
    options: { frameTimeoutMs: 50 },
    over: async (daemon) => {
      const peer = await join(daemon);
      peer.write(Buffer.from('PYRO'));
      return cutOff(peer);
    },
    says: /^a message stalled after 4 bytes for frameTimeoutMs \(50 ms\)$/,
  },
  messageTimeoutMs: {
    options: { messageTimeoutMs: 100, frameTimeoutMs: 60_000 },
    over: async (daemon) => {
      const peer = await join(daemon);
      peer.write(Buffer.from('PYRO\x01\xf6\x04\x01', 'latin1'));
      const timer = setInterval(() => peer.write(Buffer.of(0)), 20);
      await peer.untilClosed();
      clearInterval(timer);
      return undefined;
    },
    says: /^a message took longer than messageTimeoutMs \(100 ms\); \d+ bytes of it have arrived$/,
  },
  writeTimeoutMs: {
    options: { writeTimeoutMs: 200 },
    over: async (daemon) => {
      await askAndNotRead(daemon);
      await eventually(() => daemon.counters.writeTimeoutMs > 0);
      return undefined;
    },
    says: /^the peer read nothing for writeTimeoutMs \(200 ms\) while \d+ bytes waited for it$/,
  },
  maxUnsentBytes: {
    options: { maxUnsentBytes: 50_000_000 },
    over: async (daemon) => {
      await askAndNotRead(daemon);
      await askAndNotRead(daemon);
      await eventually(() => daemon.counters.maxUnsentBytes > 0);
      return undefined;
    },
    says: /^the peer reads too slowly: \d+ bytes waited for it, and \d+ for all peers \(maxUnsentBytes is 50000000\)$/,
  },
  maxUnservedBytes: {
    options: { maxUnservedBytes: 100_000 },
    over: async (daemon) => {
      const peer = await join(daemon);
      peer.invoke('thing', 'echo', ['x'.repeat(200_000)]);
      await peer.untilClosed();
      return undefined;
    },
    says: /^message too large \(\d+ bytes, maxUnservedBytes is 100000\)$/,
  },
  idleTimeoutMs: {
    options: { idleTimeoutMs: 50 },
    over: async (daemon) => cutOff(await join(daemon)),
    says: /^no request came for idleTimeoutMs \(50 ms\)$/,
  },
  callTimeoutMs: {
    options: { callTimeoutMs: 50 },
    over: async (daemon) => failureOf(await join(daemon), 'hang'),
    says: /^hang took longer than callTimeoutMs \(50 ms\)$/,
  },
  maxLateCalls: {
    behind: 'callTimeoutMs',
    options: { callTimeoutMs: 50, maxLateCalls: 1 },
    over: async (daemon) => {
      const peer = await join(daemon);
      for (let i = 0; i < 2; i++) peer.invoke('thing', 'hang', [], {}, { flags: FLAGS.oneway });
      return cutOff(peer);
    },
    says: /^calls over callTimeoutMs that still run: 2 \(maxLateCalls is 1\); end them when context.signal aborts, or raise the limit$/,
  },
  maxQueuedRequests: {
    options: { maxQueuedRequests: 2 },
    over: async (daemon, thing) => {
      const peer = await join(daemon);
      for (let i = 0; i < 5; i++) peer.invoke('thing', 'hang', [], {}, { flags: FLAGS.oneway });
      await eventually(() => daemon.counters.maxQueuedRequests > 0);
      expect(thing.finish).toHaveLength(2);
      return undefined;
    },
    says: undefined,
  },
  maxDepth: {
    options: { maxDepth: 5 },
    over: async (daemon) => failureOf(await join(daemon), 'echo', [[[[[[[1]]]]]]]),
    says: /more than 5 nested containers: the limit is maxDepth/,
  },
  maxIntDigits: {
    options: { maxIntDigits: 10 },
    over: async (daemon) => failureOf(await join(daemon), 'echo', 123_456_789_012n),
    says: /int of 12 digits is over maxIntDigits \(10\)/,
  },
  streamLifetimeMs: {
    options: { streamLifetimeMs: 30, housekeepingIntervalMs: 10 },
    over: async (daemon) => {
      const peer = await join(daemon);
      const id = await openStream(peer);
      await eventually(() => daemon.streamCount === 0);
      return nextItem(peer, id);
    },
    says: /^item stream terminated$/,
  },
  streamLingerMs: {
    options: { streamLingerMs: 30, housekeepingIntervalMs: 10 },
    over: async (daemon) => {
      const peer = await join(daemon);
      const id = await openStream(peer);
      peer.destroy();
      await eventually(() => daemon.streamCount === 0);
      return nextItem(await join(daemon), id);
    },
    says: /^item stream terminated$/,
  },
  maxStreams: {
    options: { maxStreams: 1 },
    over: async (daemon) => oneStreamTooMany(await join(daemon)),
    says: /^too many open item streams on this daemon \(maxStreams is 1\); try again later$/,
  },
  maxStreamsPerAddress: {
    options: { maxStreamsPerAddress: 1, limitLoopback: true },
    over: async (daemon) => oneStreamTooMany(await join(daemon), await join(daemon)),
    says: /^too many open item streams of 127\.0\.0\.1 \(maxStreamsPerAddress is 1\); close some first$/,
  },
  maxStreamsPerConnection: {
    options: { maxStreamsPerConnection: 1 },
    over: async (daemon) => oneStreamTooMany(await join(daemon)),
    says: /^too many open item streams on this connection \(maxStreamsPerConnection is 1\); close some first$/,
  },
  maxPullsPerStream: {
    options: { maxPullsPerStream: 1 },
    over: async (daemon) => {
      const peer = await join(daemon);
      const id = await openStream(peer, 'quiet');
      peer.invoke('Pyro.Daemon', 'get_next_stream_item', [id]);
      await eventually(() => daemon.inspect().limits.some(({ name, used }) => name === 'maxPullsPerStream' && used === 1));
      return nextItem(await join(daemon), id);
    },
    says: /^too many requests wait for items of this stream \(maxPullsPerStream is 1\); try again when some have got theirs$/,
  },
  maxHostLookups: {
    options: { maxHostLookups: 1, receivedProxyOptions: { connectTimeoutMs: 100, maxRetries: 0 } },
    over: async (daemon) => failureOf(await join(daemon), 'visit', visitedAt('one.test'), visitedAt('other.test')),
    says: /^too many host names of 127\.0\.0\.1 wait to be looked up \(maxHostLookups is 1\); give an IP address in the URI, or try again later$/,
  },
};

it.each(Object.keys(LIMITS) as LimitName[])(
  'going over %s is counted, emitted, and told to both sides by its name',
  async (name) => {
    const { options, over, says, behind } = SCENARIOS[name];
    const daemon = await startDaemon(options);
    const reached: [string, string | undefined][] = [];
    const reasons: string[] = [];
    daemon.on('limitReached', (limit, error) => limit !== behind && reached.push([limit, error?.message]));
    daemon.on('disconnect', (_, error) => error && reasons.push(error.message));
    const thing = new Thing();
    daemon.register(thing, 'thing');
    expect(Object.values(daemon.counters).every((count) => count === 0)).toBe(true);
    const told = await over(daemon, thing);
    await eventually(() => daemon.counters[name] > 0, `counters.${name}`);
    thing.finish.forEach((finish) => finish());
    if (says && told !== undefined) expect(told).toMatch(says);
    if (says && told === undefined) {
      await eventually(() => reasons.length > 0);
      expect(reasons[0]).toMatch(says);
    }
    const others = Object.entries(daemon.counters).filter(([limit, count]) => count > 0 && limit !== name && limit !== behind);
    expect(others).toEqual([]);
    expect(reached).not.toEqual([]);
    for (const [limit, message] of reached) {
      expect(limit).toBe(name);
      // without an error where nothing is refused: requests wait, streams end
      if (says && message !== undefined) expect(message).toMatch(says);
    }
  },
  30_000,
);

interface ValueOverLimit {
  limit: 'maxDepth' | 'maxIntDigits';
  method: string;
  args: unknown[];
}
const VALUES_OVER_LIMITS: Record<string, ValueOverLimit> = {
  'reading a nested list': { limit: 'maxDepth', method: 'echo', args: [[[[[[[[1]]]]]]]] },
  'reading a long int': { limit: 'maxIntDigits', method: 'echo', args: [10n ** 30n] },
  'reading the nested keyword arguments of a batch': {
    limit: 'maxDepth',
    method: '<batch>',
    args: [pyTuple('echo', pyTuple(), { value: [[[[[[1]]]]]] })],
  },
  'writing a nested list': { limit: 'maxDepth', method: 'nested', args: [] },
  'writing a long int': { limit: 'maxIntDigits', method: 'long', args: [] },
};

it.each(
  (Object.keys(SERIALIZER_IDS) as SerializerName[]).flatMap((name) =>
    Object.keys(VALUES_OVER_LIMITS).map((what) => [name, what]),
  ),
)('%s: %s over the limit is counted once, and the connection goes on', async (name, what) => {
  const { limit, method, args } = VALUES_OVER_LIMITS[what]!;
  const daemon = await startDaemon({ maxDepth: 5, maxIntDigits: 20 });
  daemon.register(new Thing(), 'thing');
  const serializer = createSerializers().get(SERIALIZER_IDS[name as SerializerName])!;
  const peer = await join(daemon);
  const flags = method === '<batch>' ? FLAGS.batch : 0;
  const data = serializer.dumpsCall({ objectId: 'thing', method, args, kwargs: {} });
  peer.send({ serializerId: serializer.id, flags, data });
  const { header, data: reply } = await peer.next();
  expect(header.flags & FLAGS.exception).toBe(FLAGS.exception);
  expect((serializer.loads(reply) as Error).message).toContain(limit);
  expect(Object.entries(daemon.counters).filter(([, count]) => count > 0)).toEqual([[limit, 1]]);
  expect(await peer.call('thing', 'echo', 'still here')).toBe('still here');
});
