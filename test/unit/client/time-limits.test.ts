import { createHook } from 'node:async_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import type { PyroProxyOptions } from '../../../lib/client/options/proxy-options.js';
import type { RemoteObject } from '../../../lib/client/proxy/remote-proxy.js';
import { MESSAGE_TYPES } from '../../../lib/protocol/constants.js';
import { TimeoutError } from '../../../lib/protocol/errors.js';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { dumps } from '../../../lib/serpent/index.js';
import { blockEventLoop } from '../../event-loop.js';
import { admit, reply, type Script, ScriptedDaemon, wellBehaved } from './scripted-daemon.js';

interface Thing {
  call(): unknown;
  other(): unknown;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function scripted(script: Script, options: PyroProxyOptions = {}): Promise<RemoteObject<Thing>> {
  const daemon = await ScriptedDaemon.listen(script);
  cleanups.push(() => daemon.close());
  const thing = PyroProxy.to<Thing>(daemon.uri, { maxRetries: 0, ...options });
  cleanups.push(() => thing.$release());
  return thing;
}

/** Accepts the handshake, and answers no call. */
const silent: Script = async (peer) => {
  await admit(peer);
  await peer.untilClosed();
};

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
}

describe('callTimeoutMs', () => {
  it('many calls with different limits each end after their own limit, sent or not', async () => {
    const thing = await scripted(silent, { poolSize: 10 });
    await thing.$connect();
    const calls = Array.from({ length: 60 }, async (_, n) => {
      const callTimeoutMs = 30 + ((n * 7) % 60);
      const begun = performance.now();
      const error = await failureOf(thing.$with({ callTimeoutMs }).call());
      expect(error).toBeInstanceOf(TimeoutError);
      const { sent } = error as TimeoutError;
      const where = sent ? '' : '; it was not sent, no connection was free';
      expect(error.message).toBe(`call took longer than callTimeoutMs (${callTimeoutMs} ms)${where}`);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(callTimeoutMs);
    });
    await Promise.all(calls);
  });

  it('a short limit ends its call while a call with a long limit goes on', async () => {
    const thing = await scripted(
      async (peer) => {
        await admit(peer);
        const frame = await peer.next();
        await shortIsOver;
        reply(peer, frame, 'answered');
      },
      { poolSize: 2 },
    );
    const long = thing.$with({ callTimeoutMs: 60_000 }).call();
    const shortIsOver = failureOf(thing.$with({ callTimeoutMs: 20 }).other());
    expect(await shortIsOver).toMatchObject({ code: 'TIMEOUT' });
    expect(await long).toBe('answered');
  });

  it('calls one after the other need no timer each', async () => {
    const thing = await scripted(wellBehaved);
    await thing.$with({ callTimeoutMs: 60_000 }).call();
    let timers = 0;
    const isOurs = (): boolean => (new Error().stack ?? '').includes('watchdog');
    const hook = createHook({ init: (_, type) => void (type === 'Timeout' && isOurs() && timers++) }).enable();
    for (let n = 0; n < 100; n++) await thing.call();
    hook.disable();
    expect(timers).toBeLessThanOrEqual(1);
  });
});

describe('a blocked event loop', () => {
  it('a blocked event loop does not cut a call whose reply has arrived', async () => {
    const thing = await scripted(async (peer) => {
      await admit(peer);
      const frame = await peer.next();
      reply(peer, frame, 'in time');
      // the reply lies in the kernel when the timer of the call is due
      blockEventLoop(1_100);
    });
    await thing.$connect();
    expect(await thing.$with({ callTimeoutMs: 1_000 }).call()).toBe('in time');
  });

  it('a blocked event loop cuts a call whose reply does not arrive afterwards either', async () => {
    const thing = await scripted(silent);
    await thing.$connect();
    const call = failureOf(thing.$with({ callTimeoutMs: 50 }).call());
    blockEventLoop(100);
    expect(await call).toMatchObject({ code: 'TIMEOUT', sent: true });
  });

  it('a blocked event loop does not cut a handshake whose answer has arrived', async () => {
    const thing = await scripted(
      async (peer, connection) => {
        await admit(peer);
        blockEventLoop(1_100);
        for (;;) reply(peer, await peer.next(), connection);
      },
      { connectTimeoutMs: 1_000 },
    );
    expect(await thing.call()).toBe(1);
  });

  it('a blocked event loop does not cut connecting by a name whose lookup has been answered', async () => {
    const thing = await ScriptedDaemon.listen(wellBehaved);
    let lookups = 0;
    const nameServer = await ScriptedDaemon.listen(async (peer) => {
      const meta = { methods: new Set(['lookup']), oneway: new Set(), attrs: new Set() };
      reply(peer, await peer.next(), { handshake: 'hello', meta }, { type: MESSAGE_TYPES.connectOk });
      const frame = await peer.next();
      lookups++;
      const state = [...uriState(thing.uri)];
      reply(peer, frame, null, { data: dumps({ __class__: 'Pyro5.core.URI', state }) });
      // as much time again is left for the further steps
      blockEventLoop(4_000);
    });
    cleanups.push(
      () => thing.close(),
      () => nameServer.close(),
    );
    const proxy = await PyroProxy.connect<Thing>(`PYRONAME:thing@${nameServer.uri.split('@')[1]}`, {
      connectTimeoutMs: 2_000,
      maxRetries: 0,
    });
    cleanups.push(() => proxy.$release());
    expect([await proxy.call(), lookups]).toEqual([1, 1]);
  });
});

/** The state of a URI as Python writes it. */
function uriState(uri: string): unknown[] {
  const [, object, host, port] = /^PYRO:(.*)@(.*):(\d+)$/.exec(uri)!;
  return ['PYRO', object, null, host, Number(port)];
}
