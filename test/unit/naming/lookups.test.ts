import { afterEach, describe, expect, it, vi } from 'vitest';
import { PyroProxy } from '../../../lib/pyro/pyro-proxy.js';
import { resolve } from '../../../lib/naming/locate.js';
import { FLAGS } from '../../../lib/protocol/constants.js';
import type { ScriptedPeer } from '../../../lib/testing/index.js';
import { authorize, reply, type Script, ScriptedDaemon } from '../client/scripted-daemon.js';

interface Thing {
  call(): unknown;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
}

/** A name server that accepts every handshake, and answers a lookup by `answer`. */
async function nameServer(answer: Script): Promise<{ host: string; port: number }> {
  const daemon = await ScriptedDaemon.listen(async (peer, connection) => {
    await authorize(peer, ['lookup', 'yplookup']);
    await answer(peer, connection);
  });
  cleanups.push(() => daemon.close());
  return { host: '127.0.0.1', port: Number(daemon.uri.split(':').at(-1)) };
}

describe('a call by name', () => {
  it('a call by name whose lookup breaks was not sent, and looks up once more', async () => {
    let lookups = 0;
    const address = await nameServer(async (peer) => {
      await peer.next();
      lookups++;
      peer.destroy();
    });
    const thing = PyroProxy.to<Thing>('PYRONAME:thing', {
      nameServer: address,
      maxRetries: 1,
      retryDelayMs: 5,
      repeatable: ['call'],
    });
    await expect(thing.call()).rejects.toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
    expect(lookups).toBe(2);
  });

  it('calls by name that look up at the same time share few connections to the name server', async () => {
    let open = 0;
    let most = 0;
    const address = await nameServer(async (peer) => {
      most = Math.max(most, ++open);
      peer.socket.once('close', () => open--);
      reply(peer, await peer.next(), 'PYRO:thing@127.0.0.1:1');
    });
    // the time after which a lookup waits for no others does not pass
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    cleanups.push(async () => void vi.useRealTimers());
    const found = await Promise.all(Array.from({ length: 12 }, () => resolve('PYRONAME:thing', address)));
    expect(new Set(found.map(String))).toEqual(new Set(['PYRO:thing@127.0.0.1:1']));
    // a connection that the client has closed may still be open at the name server when the next one comes
    expect(most).toBeLessThan(5);
  });

  it('lookups that hang hold up no others', async () => {
    let lookups = 0;
    const address = await nameServer(async (peer) => {
      const request = await peer.next();
      if (++lookups > 2) reply(peer, request, 'PYRO:thing@127.0.0.1:1');
    });
    const end = new AbortController();
    const hung = [1, 2].map(() => failureOf(resolve('PYRONAME:thing', { ...address, signal: end.signal })));
    await expect.poll(() => lookups).toBe(2);
    expect(String(await resolve('PYRONAME:thing', address))).toBe('PYRO:thing@127.0.0.1:1');
    end.abort(new Error('no longer needed'));
    await Promise.all(hung);
  });

  it('a lookup that waits for others at the name server ends with its signal, and those behind it go on', async () => {
    let answer = (): void => undefined;
    const mayAnswer = new Promise<void>((begin) => (answer = begin));
    const address = await nameServer(async (peer) => {
      const request = await peer.next();
      await mayAnswer;
      reply(peer, request, 'PYRO:thing@127.0.0.1:1');
    });
    const end = new AbortController();
    const before = [1, 2].map(() => resolve('PYRONAME:thing', address));
    // this one waits for a turn, and then for its answer
    const waiting = resolve('PYRONAME:thing', { ...address, signal: end.signal });
    const behind = resolve('PYRONAME:thing', address);
    end.abort(new Error('no longer needed'));
    await expect(waiting).rejects.toThrow('no longer needed');
    await expect(resolve('PYRONAME:thing', { ...address, signal: end.signal })).rejects.toThrow('no longer needed');
    answer();
    expect((await Promise.all([...before, behind])).map(String)).toEqual(Array(3).fill('PYRO:thing@127.0.0.1:1'));
  });

  it('a call by name whose lookup fails in the name server is a NAMING error', async () => {
    const exception = { __class__: 'builtins.OSError', __exception__: true, args: ['database is locked'], attributes: {} };
    const address = await nameServer(async (peer) =>
      reply(peer, await peer.next(), exception, { flags: FLAGS.exception | FLAGS.correlationId }),
    );
    const thing = PyroProxy.to<Thing>('PYRONAME:thing', { nameServer: address });
    await expect(thing.call()).rejects.toMatchObject({ code: 'NAMING', message: expect.stringContaining('database is locked') });
  });

  it.each(['PYRONAME:other', 'PYROMETA:other'])('a call by name fails when the name server gives %s', async (found) => {
    const address = await nameServer(async (peer) => reply(peer, await peer.next(), found));
    const thing = PyroProxy.to<Thing>('PYRONAME:thing', { nameServer: address });
    await expect(thing.call()).rejects.toMatchObject({
      code: 'NAMING',
      message: `PYRONAME:thing stands for ${found}, which is no PYRO uri`,
    });
  });

  describe('when the name server does not answer', () => {
    let asked: Promise<ScriptedPeer>;

    async function silent(): Promise<{ host: string; port: number }> {
      let tell!: (peer: ScriptedPeer) => void;
      asked = new Promise((fulfil) => (tell = fulfil));
      return nameServer(async (peer) => {
        await peer.next();
        tell(peer);
        await peer.untilClosed();
      });
    }

    it('a call that waits for a lookup leaves no connection to the name server when its proxy is released', async () => {
      const thing = PyroProxy.to<Thing>('PYRONAME:thing', { nameServer: await silent() });
      const call = failureOf(thing.call());
      const peer = await asked;
      await thing.$release();
      expect(await call).toMatchObject({ code: 'CONNECTION_CLOSED', sent: false });
      await peer.untilClosed();
    });

    it('a call that waits for a lookup ends with the reason of its aborted signal', async () => {
      const controller = new AbortController();
      const lookup = failureOf(resolve('PYRONAME:thing', { ...(await silent()), signal: controller.signal }));
      const peer = await asked;
      controller.abort(new Error('enough'));
      expect(await lookup).toEqual(new Error('enough'));
      await peer.untilClosed();
    });
  });
});
