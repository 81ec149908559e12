import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { FLAGS, MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { ConnectionClosedError, ProtocolError, TimeoutError } from '../../../lib/protocol/errors.js';
import type { OutgoingMessage } from '../../../lib/protocol/messages/message.js';
import { ClassRegistry } from '../../../lib/serializers/contract/class-registry.js';
import { type ScriptedPeer, valueOf } from '../../../lib/testing/index.js';
import { authorize, reply, type Script, ScriptedDaemon, wellBehaved } from './scripted-daemon.js';

interface Thing {
  call(): unknown;
  other(): unknown;
  tell(text: string): void;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function scripted(
  script: Script,
  options: PyroProxyOptions = {},
): Promise<{ daemon: ScriptedDaemon; thing: RemoteObject<Thing> }> {
  const daemon = await ScriptedDaemon.listen(script);
  cleanups.push(() => daemon.close());
  const thing = PyroProxy.to<Thing>(daemon.uri, { callTimeoutMs: 30_000, maxRetries: 0, ...options });
  cleanups.push(() => thing.$release());
  return { daemon, thing };
}

/** Changes the reply to the first call of the first connection; all other replies are right. */
function wrongAtFirst(changed: Partial<OutgoingMessage>, value: unknown = 'wrong'): Script {
  return async (peer, connection) => {
    if (connection > 1) return wellBehaved(peer, connection);
    await authorize(peer);
    reply(peer, await peer.next(), value, changed);
  };
}

describe('a wrong reply', () => {
  it.each<[string, Partial<OutgoingMessage>, RegExp]>([
    ['another sequence number', { seq: 7 }, /sequence number 7, expected 2/],
    ['another serializer', { serializerId: 3 }, /serializer 3, expected 1/],
    ['another correlation id', { correlationId: Buffer.alloc(16, 1) }, /correlation id/],
    ['no correlation id', { correlationId: undefined }, /correlation id/],
    ['another message type', { type: MESSAGE_TYPES.connectOk }, /invalid msg type 2/],
    ['an exception flag without exception', { flags: FLAGS.exception }, /holds no exception/],
    ['a stream without id', { flags: FLAGS.exception | FLAGS.itemStream }, /not configured to allow streaming/],
    ['a body that is said to be compressed', { flags: FLAGS.compressed }, /no zlib stream/],
    ['a value that is no literal', { data: Buffer.from('nonsense(') }, /./],
    ['no data', { data: Buffer.alloc(0) }, /./],
  ])('a reply with %s is a ProtocolError, and the next call gets its own reply', async (_, changed, text) => {
    const { thing } = await scripted(wrongAtFirst(changed));
    const error = await thing.call().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toMatch(text);
    expect((error as ProtocolError).sent).toBe(true);
    if (/sequence|serializer|correlation|type/.test(String(text))) expect(await thing.call()).toBe(1);
  });

  it('a proxy refuses a reply that announces too many bytes, before they arrive', async () => {
    const { thing } = await scripted(wrongAtFirst({}, 'x'.repeat(10_000)), { maxMessageBytes: 1_000 });
    await expect(thing.call()).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', sent: true });
    expect(await thing.call()).toBe(1);
  });

  it.each<[string, PyroProxyOptions, Partial<OutgoingMessage>, object]>([
    [
      'inflates',
      { maxMessageBytes: 10_000 },
      { flags: FLAGS.compressed, data: deflateSync(Buffer.alloc(1_000_000, 32)) },
      { code: 'MESSAGE_TOO_LARGE' },
    ],
    [
      'nests',
      {},
      { data: Buffer.from('['.repeat(300) + ']'.repeat(300)) },
      { code: 'SERIALIZE', message: expect.stringContaining('maxDepth') },
    ],
    [
      'counts',
      {},
      { data: Buffer.from('9'.repeat(5_000)) },
      { code: 'SERIALIZE', message: expect.stringContaining('maxIntDigits') },
    ],
  ])('a proxy refuses a reply that %s beyond the limit', async (_, options, changed, expected) => {
    const { thing } = await scripted(wrongAtFirst(changed), options);
    await expect(thing.call()).rejects.toMatchObject({ sent: true, ...expected });
  });

  it('a second reply to one call does not reach the next call', async () => {
    const { daemon, thing } = await scripted(async (peer, connection) => {
      await authorize(peer);
      const first = await peer.next();
      reply(peer, first, `first of ${connection}`);
      reply(peer, first, 'late');
      reply(peer, await peer.next(), `second of ${connection}`);
    });
    expect(await thing.call()).toBe('first of 1');
    await expect.poll(() => thing.$connected).toBe(false);
    expect(await thing.call()).toBe('first of 2');
    expect(daemon.connections).toBe(2);
  });
});

describe('a call that does not finish', () => {
  /** Lets the daemon answer the first call. */
  let replyLate: () => void;
  let isLate: Promise<void>;
  beforeEach(() => {
    isLate = new Promise((resolve) => (replyLate = resolve));
  });

  const silentAtFirst: Script = async (peer, connection) => {
    if (connection > 1) return wellBehaved(peer, connection);
    await authorize(peer);
    const late = await peer.next();
    await isLate;
    reply(peer, late, 'late');
  };

  it('a call times out, and its late reply reaches no other call', async () => {
    const { daemon, thing } = await scripted(silentAtFirst);
    const error = await thing
      .$with({ callTimeoutMs: 100 })
      .call()
      .catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ sent: true, message: 'call took longer than callTimeoutMs (100 ms)' });
    expect(await thing.other()).toBe(1);
    replyLate();
    expect(await thing.other()).toBe(2);
    expect(daemon.connections).toBe(2);
  });

  it('a call ends with the reason of its aborted signal', async () => {
    const { thing } = await scripted(silentAtFirst);
    const controller = new AbortController();
    const call = thing.$with({ signal: controller.signal }).call();
    setTimeout(() => controller.abort(new RangeError('enough')), 50);
    await expect(call).rejects.toThrow(new RangeError('enough'));
    expect(await thing.other()).toBe(1);
    await expect(thing.$with({ signal: controller.signal }).call()).rejects.toThrow('enough');
  });

  it('any number of calls may share one signal without a warning', async () => {
    const { thing } = await scripted(wellBehaved);
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const shared = thing.$with({ signal: new AbortController().signal });
    await Promise.all(Array.from({ length: 30 }, () => shared.call()));
    await sleep(10);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('a call that only waited for a connection says that it was not sent', async () => {
    const { daemon, thing } = await scripted(silentAtFirst);
    const first = thing.call();
    const second = await thing
      .$with({ callTimeoutMs: 50 })
      .other()
      .catch((failure: unknown) => failure);
    expect(second).toBeInstanceOf(TimeoutError);
    expect(second).toMatchObject({ sent: false });
    replyLate();
    expect(await first).toBe('late');
    expect(daemon.connections).toBe(1);
  });

  it('a call fails when the connection breaks, and says that it may have run', async () => {
    const { thing } = await scripted(async (peer, connection) => {
      if (connection > 1) return wellBehaved(peer, connection);
      await authorize(peer);
      await peer.next();
      peer.destroy();
    });
    const error = await thing.call().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ sent: true });
    expect(await thing.call()).toBe(1);
  });

  it('a call is sent again only when a repeat is safe', async () => {
    const breaking: Script = async (peer, connection) => {
      await authorize(peer);
      const frame = await peer.next();
      if (connection < 3) peer.destroy();
      else reply(peer, frame, `answered by ${connection}`);
    };
    const marked = await scripted(breaking, { maxRetries: 2, retryDelayMs: 5, repeatable: ['call'] });
    expect(await marked.thing.call()).toBe('answered by 3');
    const unmarked = await scripted(breaking, { maxRetries: 2, retryDelayMs: 5, repeatable: ['call'] });
    await expect(unmarked.thing.other()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', sent: true });
    expect(unmarked.daemon.connections).toBe(1);
    const single = await scripted(breaking, { maxRetries: 2, retryDelayMs: 5 });
    expect(await single.thing.$with({ repeatable: true }).other()).toBe('answered by 3');
    const tooFew = await scripted(breaking, { maxRetries: 1, retryDelayMs: 5, repeatable: ['call'] });
    await expect(tooFew.thing.call()).rejects.toMatchObject({ sent: true });
    expect(tooFew.daemon.connections).toBe(2);
  });

  it('an error says that a call may have run, even when its repeat could not be sent', async () => {
    const { daemon, thing } = await scripted(
      async (peer, connection) => {
        if (connection > 1) return reply(peer, await peer.next(), 'full up', { type: MESSAGE_TYPES.connectFail });
        await authorize(peer);
        await peer.next();
        peer.destroy();
      },
      { maxRetries: 2, retryDelayMs: 5, repeatable: ['call'] },
    );
    const error = await thing.call().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(error).toMatchObject({ sent: true, message: expect.stringContaining('full up'), cause: { sent: false } });
    expect(daemon.connections).toBe(2);
  });

  it('a proxy gives up a call whose reply stalls', async () => {
    const { thing } = await scripted(
      async (peer) => {
        await authorize(peer);
        await peer.next();
        peer.write(Buffer.from('PYRO'));
      },
      { frameTimeoutMs: 100 },
    );
    const error = await thing.call().catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ sent: true });
    expect((error as Error).message).toContain('frameTimeoutMs');
  });

  it('releasing a proxy fails its running and later calls, and queued ones that cannot be sent soon', async () => {
    let asked = false;
    const { thing } = await scripted(async (peer, connection) => {
      if (connection > 1) return wellBehaved(peer, connection);
      await authorize(peer);
      await peer.next();
      asked = true;
      await peer.untilClosed();
    });
    const calls = [thing.call(), thing.other()];
    const settled = Promise.allSettled(calls);
    await expect.poll(() => asked).toBe(true);
    await thing.$release();
    expect(await settled).toMatchObject([
      { reason: { code: 'CONNECTION_CLOSED', sent: true } },
      { reason: { code: 'CONNECTION_CLOSED', sent: false } },
    ]);
    await expect(thing.call()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
    await thing.$connect();
    expect(await thing.call()).toBe(1);
  });
});

describe('a request that cannot be sent', () => {
  it('a request that cannot be serialized fails before anything is sent, and the connection stays open', async () => {
    const { daemon, thing } = await scripted(wellBehaved, { maxMessageBytes: 1_000 });
    await expect(thing.$call('call', () => 1)).rejects.toMatchObject({ code: 'SERIALIZE', sent: false });
    await expect(thing.$call('call', 'x'.repeat(2_000))).rejects.toMatchObject({ sent: false });
    const annotations = new Map<string, Buffer>();
    const annotated = thing.$with({ annotations });
    annotations.set('TOOLONG', Buffer.alloc(1));
    await expect(annotated.call()).rejects.toMatchObject({ code: 'BAD_ANNOTATIONS', sent: false });
    const heavy = thing.$with({ annotations: { LOAD: Buffer.alloc(2_000) } });
    await expect(heavy.call()).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', sent: false });
    expect(await thing.call()).toBe(1);
    expect(daemon.connections).toBe(1);
  });
});

describe('an argument whose converter uses proxies', () => {
  class Probe {}

  function probing(toDict: () => void): PyroProxyOptions {
    const classes = new ClassRegistry();
    classes.registerClass(Probe, { name: 'lab.Probe', toDict: () => (toDict(), {}), fromDict: () => new Probe() });
    return { classes };
  }

  it('an argument whose converter calls proxies does not mix the bytes of the calls', async () => {
    const seen: string[] = [];
    const noting: Script = async (peer) => {
      await authorize(peer);
      for (;;) {
        const frame = await peer.next();
        const [, method] = valueOf(frame) as [string, string];
        seen.push(method);
        if (!(frame.header.flags & FLAGS.oneway)) reply(peer, frame, method);
      }
    };
    const { thing: other } = await scripted(noting);
    await other.$connect();
    const made: Promise<unknown>[] = [];
    const { thing } = await scripted(noting, {
      poolSize: 2,
      ...probing(() => void made.push(other.other(), thing.other(), thing.$with({ oneway: true }).other())),
    });
    await thing.$connect();
    expect(await thing.$call('call', new Probe(), new Probe())).toBe('call');
    expect(await Promise.all(made)).toEqual(['other', 'other', undefined, 'other', 'other', undefined]);
    await expect.poll(() => seen.toSorted()).toEqual(['call', 'other', 'other', 'other', 'other', 'other', 'other']);
  });

  it('an argument whose converter releases the proxy fails its call', async () => {
    const { thing } = await scripted(wellBehaved, { ...probing(() => void thing.$release()), callTimeoutMs: 0 });
    await thing.$connect();
    await expect(thing.$call('call', new Probe())).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });

  it('an argument whose converter throws leaves nothing of the call behind', async () => {
    const { daemon, thing } = await scripted(
      wellBehaved,
      probing(() => {
        throw new RangeError('not writable');
      }),
    );
    await thing.$connect();
    const failed = thing.$call('call', 'x'.repeat(1_000), new Probe());
    await expect(failed).rejects.toMatchObject({ code: 'SERIALIZE', sent: false });
    expect(await thing.call()).toBe(1);
    expect(daemon.connections).toBe(1);
  });
});

it('a reset connection fails only its own call, and says that the call was sent', async () => {
  const { daemon, thing } = await scripted(async (peer, connection) => {
    if (connection > 1) return wellBehaved(peer, connection);
    await authorize(peer);
    await peer.next();
    (peer.socket as Socket).resetAndDestroy();
  });
  const error = await thing.call().then(
    () => undefined,
    (failure: unknown) => failure as ConnectionClosedError,
  );
  expect(error).toBeInstanceOf(ConnectionClosedError);
  expect(error).toMatchObject({ code: 'CONNECTION_CLOSED', sent: true, message: expect.stringContaining('ECONNRESET') });
  expect(await thing.call()).toBe(1);
  expect(daemon.connections).toBe(2);
});

describe('a peer that does not read', () => {
  it('a peer that does not read holds up oneway calls before their bytes fill the memory', async () => {
    const CALLS = 100;
    const { thing } = await scripted(
      async (peer) => {
        await authorize(peer, ['tell']);
        peer.socket.pause();
        unread = peer;
      },
      { callTimeoutMs: 30_000 },
    );
    let unread: ScriptedPeer | undefined;
    await thing.$connect();
    const text = 'x'.repeat(1024 * 1024);
    let taken = 0;
    const telling = (async () => {
      for (; taken < CALLS; taken++) await thing.tell(text);
    })();
    for (let before = -1; before !== taken; await sleep(200)) before = taken;
    // the socket buffers of both ends; the system chooses their sizes
    expect(taken).toBeLessThan(CALLS / 2);
    unread?.socket.resume();
    await telling;
    await expect.poll(() => unread?.frames.length, { timeout: 10_000 }).toBe(CALLS);
  });
});
