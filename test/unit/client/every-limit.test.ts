import { setTimeout as sleep } from 'node:timers/promises';
import 'reflect-metadata';
import { deflateSync } from 'node:zlib';
import { IsInt } from 'class-validator';
import { afterEach, expect, it } from 'vitest';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import { PROXY_LIMITS, type ProxyLimitName } from '../../../lib/client/options/proxy-limits.js';
import { processWide } from '../../../lib/copies/process-wide.js';
import { HostLookups } from '../../../lib/transport/sockets/host-lookups.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import {
  ConnectionClosedError,
  FLAGS,
  MessageTooLargeError,
  PyroClass,
  PyroError,
  SerializeError,
  TimeoutError,
} from '../../../lib/core.js';
import { MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { CommunicationError, ProtocolError } from '../../../lib/protocol/errors.js';
import type { OutgoingMessage } from '../../../lib/protocol/messages/message.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { dumps } from '../../../lib/serpent/index.js';
import { authorize, reply, type Script, ScriptedDaemon } from './scripted-daemon.js';

interface Thing {
  call(value?: unknown): unknown;
  other(): unknown;
}
type Proxy = RemoteObject<Thing>;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Accepts the handshake, and answers each call with a value. */
const answering =
  (value: unknown, changed: Partial<OutgoingMessage> = {}): Script =>
  async (peer) => {
    await authorize(peer);
    for (;;) reply(peer, await peer.next(), value, changed);
  };
/** Accepts the handshake, and answers no call. */
const silent: Script = async (peer) => {
  await authorize(peer);
  await peer.untilClosed();
};
/** Sends so many bytes of a reply. */
const stalling: Script = async (peer) => {
  await authorize(peer);
  await peer.next();
  peer.write(Buffer.from('PYRO'));
  await peer.untilClosed();
};
const speechless: Script = (peer) => peer.untilClosed();
/** Answers the handshake with a value. */
const greeting =
  (handshake: unknown): Script =>
  async (peer) => {
    const meta = { methods: new Set(['call']), oneway: new Set(), attrs: new Set() };
    reply(peer, await peer.next(), { handshake, meta }, { type: MESSAGE_TYPES.connectOk });
    await peer.untilClosed();
  };
const withoutDaemon: Script = async (peer) => peer.destroy();

const annotationsOf = (...bytes: number[]): Partial<OutgoingMessage> => ({
  annotations: new Map(bytes.map((size, index) => [`AAA${'ABC'[index]}`, Buffer.alloc(size)])),
});
const compressed = (letters: number): Partial<OutgoingMessage> => ({
  flags: FLAGS.correlationId | FLAGS.compressed,
  data: deflateSync(dumps('x'.repeat(letters))),
});
const MIB = 1024 * 1024;
const nested = [[[[[[1]]]]]];
const failureOf = (call: unknown): Promise<Error> =>
  (call as Promise<unknown>).then(
    (value) => expect.unreachable(`no failure, but ${String(value)}`),
    (error: Error) => error,
  );
const failedCall = (thing: Proxy): Promise<Error> => failureOf(thing.call());

interface Scenario {
  script: Script;
  options: PyroProxyOptions;
  /** Goes over the limit. Gives the error; undefined when nothing fails. */
  over(thing: Proxy, daemon: ScriptedDaemon): Promise<Error | undefined>;
  /** The class of the error. */
  fails?: new (...args: never[]) => Error;
  says?: RegExp;
}

@PyroClass('limits.CheckedReply')
class Checked {
  @IsInt() size!: number;
}
void Checked;

const SCENARIOS: Record<ProxyLimitName, Scenario> = {
  callTimeoutMs: {
    script: silent,
    options: { callTimeoutMs: 200 },
    over: failedCall,
    fails: TimeoutError,
    says: /^call took longer than callTimeoutMs \(200 ms\)/,
  },
  connectTimeoutMs: {
    script: speechless,
    options: { connectTimeoutMs: 50 },
    over: failedCall,
    fails: TimeoutError,
    says: /: no answer within connectTimeoutMs \(50 ms\)$/,
  },
  frameTimeoutMs: {
    script: stalling,
    options: { frameTimeoutMs: 50 },
    over: failedCall,
    fails: TimeoutError,
    says: /^a message stalled after 4 bytes for frameTimeoutMs \(50 ms\)$/,
  },
  idleTimeoutMs: {
    script: answering(1),
    options: { idleTimeoutMs: 50 },
    over: async (thing, daemon) => {
      await thing.call();
      while (thing.$pool.connections > 0) await sleep(5);
      await thing.call();
      expect(daemon.connections).toBe(2);
      return undefined;
    },
  },
  poolSize: {
    script: silent,
    options: { poolSize: 2 },
    over: async (thing) => {
      const calls = [failedCall(thing), failedCall(thing), failedCall(thing)];
      while (thing.$pool.busy < 2) await sleep(5);
      expect(thing.$pool).toEqual({ connections: 2, busy: 2, waiting: 1 });
      await thing.$release();
      await Promise.all(calls);
      return undefined;
    },
  },
  maxQueuedCalls: {
    script: silent,
    options: { maxQueuedCalls: 2 },
    over: async (thing) => {
      const [running, ...waiting] = [failedCall(thing), failedCall(thing), failedCall(thing), failedCall(thing)];
      const error = await Promise.race(waiting);
      await thing.$release();
      await running;
      return error;
    },
    fails: CommunicationError,
    says: /^too many calls wait for a connection \(maxQueuedCalls is 2\)$/,
  },
  maxRetries: {
    script: withoutDaemon,
    options: { maxRetries: 3, retryDelayMs: 1 },
    over: async (thing, daemon) => {
      const error = await failedCall(thing);
      expect(daemon.connections).toBe(4);
      return error;
    },
    fails: ConnectionClosedError,
  },
  maxMessageBytes: {
    script: answering('x'.repeat(20_000)),
    options: { maxMessageBytes: 10_000 },
    over: async (thing) => {
      const error = await failureOf(thing.call('x'.repeat(20_000)));
      expect(error).toMatchObject({ message: expect.stringMatching(/maxMessageBytes (is 10000|\(10000\))/) });
      return failedCall(thing);
    },
    fails: MessageTooLargeError,
    says: /message too large \(\d+ bytes, maxMessageBytes is 10000\)$/,
  },
  maxHandshakeBytes: {
    script: greeting('x'.repeat(20_000)),
    options: { maxHandshakeBytes: 10_000 },
    over: failedCall,
    fails: MessageTooLargeError,
    says: /message too large \(\d+ bytes, maxHandshakeBytes is 10000\)$/,
  },
  maxValueBytes: {
    script: answering(Array.from({ length: 1_000 }, () => [])),
    options: { maxValueBytes: 10_000 },
    over: failedCall,
    fails: SerializeError,
    says: /takes \d+ bytes of memory or more \(maxValueBytes is 10000\)/,
  },
  maxCheckedObjects: {
    script: answering(Array.from({ length: 11 }, () => ({ __class__: 'limits.CheckedReply', size: 1 }))),
    options: { maxCheckedObjects: 10 },
    over: failedCall,
    fails: SerializeError,
    says: /more objects that rules of classes check than maxCheckedObjects \(10\) allows/,
  },
  maxAnnotations: {
    script: answering(1, annotationsOf(1, 1)),
    options: { maxAnnotations: 1 },
    over: failedCall,
    fails: ProtocolError,
    says: /more annotations than maxAnnotations \(1\) allows/,
  },
  maxAnnotationsBytes: {
    script: answering(1, annotationsOf(200)),
    options: { maxAnnotationsBytes: 100 },
    over: failedCall,
    fails: ProtocolError,
    says: /block too large \(208 bytes, maxAnnotationsBytes is 100\)/,
  },
  maxInflationRatio: {
    script: answering(undefined, compressed(20 * MIB)),
    options: { maxInflationRatio: 10 },
    over: failedCall,
    fails: MessageTooLargeError,
    says: /which maxInflationRatio allows for its size$/,
  },
  maxInflatingBytes: {
    script: answering(undefined, compressed(4 * MIB)),
    options: { maxInflatingBytes: MIB, poolSize: 2 },
    over: async (thing) => {
      const texts = (await Promise.all([thing.call(), thing.call()])) as string[];
      expect(texts.map(({ length }) => length)).toEqual([4 * MIB, 4 * MIB]);
      return undefined;
    },
  },
  maxDepth: {
    script: answering(nested),
    options: { maxDepth: 5 },
    over: async (thing) => {
      expect((await failureOf(thing.call(nested))).message).toContain('maxDepth');
      return failedCall(thing);
    },
    fails: SerializeError,
    says: /more than 5 nested containers: the limit is maxDepth/,
  },
  maxIntDigits: {
    script: answering(123_456_789_012n),
    options: { maxIntDigits: 10 },
    over: async (thing) => {
      expect((await failureOf(thing.call(10n ** 30n))).message).toContain('maxIntDigits');
      return failedCall(thing);
    },
    fails: SerializeError,
    says: /int of 12 digits is over maxIntDigits \(10\)/,
  },
  maxHostLookups: {
    script: answering(
      ['one.test', 'other.test'].map((host) => ({
        __class__: 'Pyro5.client.Proxy',
        state: [`PYRO:thing@${host}:1`, [], ['call'], [], 'hello', null],
      })),
    ),
    options: { maxHostLookups: 1, connectTimeoutMs: 100 },
    over: async (thing) => {
      // no lookup of a host name ends
      processWide('host-lookups', () => new HostLookups(() => new Promise(() => undefined)));
      const [one, other] = (await thing.call()) as Proxy[];
      const [first, second] = await Promise.all([failedCall(one!), failedCall(other!)]);
      expect(first).toBeInstanceOf(TimeoutError);
      return second;
    },
    fails: CommunicationError,
    says: /^too many host names of 127\.0\.0\.1 wait to be looked up \(maxHostLookups is 1\); give an IP address in the URI, or try again later$/,
  },
};

it.each(Object.keys(PROXY_LIMITS) as ProxyLimitName[])('a proxy that goes over %s says so by its name', async (name) => {
  const { script, options, over, fails, says } = SCENARIOS[name];
  const daemon = await ScriptedDaemon.listen(script);
  cleanups.push(() => daemon.close());
  const thing: Proxy = PyroProxy.to<Thing>(daemon.uri, { maxRetries: 0, ...options });
  cleanups.push(() => thing.$release());
  const error = await over(thing, daemon);
  if (fails === undefined) return expect(error).toBeUndefined();
  expect(error).toBeInstanceOf(PyroError);
  expect(error).toBeInstanceOf(fails);
  if (says !== undefined) expect(error!.message).toMatch(says);
});
